# The module Qth for MicroPython ports that build with CMake:
#
#   -DUSER_C_MODULES=/path/to/qth/cmodule/micropython.cmake -DQTH_LIB=/path/to/libqth.a -DQTH_FIRMWARE_VERSION=1.0.0
#
# QTH_LIB is the crate's static library for the port's processor, built with the features ffi and, on a host, std.

if(NOT QTH_LIB)
    message(FATAL_ERROR "QTH_LIB must name libqth.a, see `make library`")
endif()
if(NOT QTH_FIRMWARE_VERSION)
    set(QTH_FIRMWARE_VERSION 0.0.0)
endif()

file(GLOB QTH_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/qth/*.c)

add_library(usermod_qth INTERFACE)
target_sources(usermod_qth INTERFACE ${QTH_SOURCES})
target_include_directories(usermod_qth INTERFACE ${CMAKE_CURRENT_LIST_DIR}/qth)
target_compile_definitions(usermod_qth INTERFACE QTH_FIRMWARE_VERSION="${QTH_FIRMWARE_VERSION}")
target_link_libraries(usermod_qth INTERFACE ${QTH_LIB})

target_link_libraries(usermod INTERFACE usermod_qth)
