// The module's functions beside those of modqth.c.
#ifndef QTH_FUNCTIONS_H
#define QTH_FUNCTIONS_H

#include <stdbool.h>

#include "function.h"

// modqth.c: makes the device unless it is there, as init() does; returns whether it is. What a script sets before init() is kept.
bool qth_prepare(void);

// data.c
extern const qth_function_t qth_send_trans_obj;
extern const qth_function_t qth_send_tsl_obj;
extern const qth_function_t qth_ack_tsl_obj;
extern const qth_function_t qth_ack_tsl_server_obj;
extern const qth_function_t qth_send_outside_location_obj;
extern const qth_function_t qth_get_dev_info_obj;
extern const qth_function_t qth_get_dev_status_obj;
extern const qth_function_t qth_send_dev_info_obj;
extern const qth_function_t qth_send_dev_status_obj;
extern const qth_function_t qth_ack_dev_info_obj;
extern const qth_function_t qth_ack_dev_status_obj;

// upgrade.c
extern const qth_function_t qth_ota_request_obj;
extern const qth_function_t qth_ota_action_obj;
extern const qth_function_t qth_set_mcu_ver_obj;
extern const qth_function_t qth_set_app_ver_obj;
MP_DECLARE_CONST_FUN_OBJ_0(qth_apply_pending_update_obj);
MP_DECLARE_CONST_FUN_OBJ_1(qth_application_failed_obj);
extern const qth_function_t qth_set_ota_key_obj;
MP_DECLARE_CONST_FUN_OBJ_0(qth_get_ota_key_obj);
extern const qth_function_t qth_mcu_fw_data_read_obj;

#endif
