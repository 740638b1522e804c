# What make needs beside board.env.
include boards/$(MICROPYTHON_BOARD)/mpconfigboard.mk
include $(BOARD_DIR)/../common/qemu/board.mk
