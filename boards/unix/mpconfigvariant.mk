FROZEN_MANIFEST ?= $(VARIANT_DIR)/manifest.py

# Their sources are submodules, which MicroPython's source archive does not hold.
MICROPY_PY_BTREE = 0
MICROPY_PY_FFI = 0
MICROPY_PY_SSL = 0
MICROPY_SSL_MBEDTLS = 0

# Where a script ends, linger.c lets threads and the device live on (main calls this function next).
LDFLAGS_EXTRA += -Wl,--wrap=mp_thread_deinit

# threads.c knows the threads, gives them enough stack, and passes the interpreter's lock on fairly.
LDFLAGS_EXTRA += -Wl,--wrap=mp_thread_create,--wrap=mp_thread_start,--wrap=mp_thread_finish,--wrap=mp_thread_mutex_lock,--wrap=mp_thread_gc_others,--wrap=select

# usr.c mounts /usr beside the root, for which main calls this.
LDFLAGS_EXTRA += -Wl,--wrap=mp_vfs_mount

# imports.c explains names that are not there.
LDFLAGS_EXTRA += -Wl,--wrap=mp_import_from

# text.c gives text the method decode().
LDFLAGS_EXTRA += -Wl,--wrap=mp_load_method

# Stack of the thread that runs callbacks.
CFLAGS_EXTRA += -DQTH_CALLBACK_STACK=131072

# Frozen modules are compiled again when strings that they share with C code have changed: the port looks at their sources only.
$(BUILD)/frozen_content.c: $(BUILD)/frozen-strings
$(BUILD)/frozen-strings: $(BUILD)/genhdr/qstrdefs.generated.h
	rm -f $(BUILD)/frozen_content.c
	touch $@

# The version is compiled in again when its stamp changes.
$(BUILD)/$(VARIANT_DIR)/modfirmware.o: $(wildcard $(BUILD)/firmware-version)
