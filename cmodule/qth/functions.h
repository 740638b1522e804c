// The module's functions beside those of modqth.c.
#ifndef QTH_FUNCTIONS_H
#define QTH_FUNCTIONS_H

#include <stdbool.h>

#include "py/obj.h"

// modqth.c: makes the device unless it is there, as init() does; returns whether it is. What a script sets before init() is kept.
bool qth_prepare(void);

// data.c
MP_DECLARE_CONST_FUN_OBJ_2(qth_send_trans_obj);
MP_DECLARE_CONST_FUN_OBJ_2(qth_send_tsl_obj);
MP_DECLARE_CONST_FUN_OBJ_3(qth_ack_tsl_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(qth_ack_tsl_server_obj);
MP_DECLARE_CONST_FUN_OBJ_1(qth_send_outside_location_obj);
MP_DECLARE_CONST_FUN_OBJ_1(qth_get_dev_info_obj);
MP_DECLARE_CONST_FUN_OBJ_1(qth_get_dev_status_obj);
MP_DECLARE_CONST_FUN_OBJ_1(qth_send_dev_info_obj);
MP_DECLARE_CONST_FUN_OBJ_1(qth_send_dev_status_obj);

// upgrade.c
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(qth_ota_request_obj);
MP_DECLARE_CONST_FUN_OBJ_1(qth_ota_action_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(qth_set_mcu_ver_obj);
MP_DECLARE_CONST_FUN_OBJ_2(qth_set_app_ver_obj);
MP_DECLARE_CONST_FUN_OBJ_1(qth_application_failed_obj);
MP_DECLARE_CONST_FUN_OBJ_1(qth_set_ota_key_obj);
MP_DECLARE_CONST_FUN_OBJ_0(qth_get_ota_key_obj);
MP_DECLARE_CONST_FUN_OBJ_2(qth_mcu_fw_data_read_obj);

#endif
