# A Cortex-M3 on Arm's MPS2 board, as QEMU plays it.
include boards/MPS2_AN385/mpconfigboard.mk
include $(BOARD_DIR)/../qemu/board.mk
