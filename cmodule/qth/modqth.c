// The module Qth: its table, set-up and connection. The functions for data are in data.c, those for upgrades in upgrade.c.

#include <string.h>

#include "py/runtime.h"

#include "arguments.h"
#include "board.h"
#include "callbacks.h"
#include "delivery.h"
#include "function.h"
#include "functions.h"
#include "handlers.h"

#define LIFETIME_MAX (600)

bool qth_prepare(void) {
    if (!qth_is_ready() && qth_board_start_driver(qth_delivery_init)) {
        qth_callbacks_start();
        qth_handlers_init();
    }
    return qth_is_ready();
}

static mp_obj_t init(void) {
    return mp_obj_new_bool(qth_prepare());
}
static MP_DEFINE_CONST_FUN_OBJ_0(init_obj, init);

static mp_obj_t start(void) {
    return mp_obj_new_bool(qth_is_ready() && qth_start());
}
static MP_DEFINE_CONST_FUN_OBJ_0(start_obj, start);

static mp_obj_t stop(void) {
    if (qth_is_ready()) {
        qth_stop();
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(stop_obj, stop);

static mp_obj_t state(void) {
    return mp_obj_new_bool(qth_is_ready() && qth_is_online());
}
static MP_DEFINE_CONST_FUN_OBJ_0(state_obj, state);

static mp_obj_t reset(void) {
    if (qth_is_ready()) {
        qth_reset();
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(reset_obj, reset);

static mp_obj_t set_product_info(const mp_obj_t *args) {
    QthText pk = qth_text_argument(args[0]);
    QthText ps = qth_text_argument(args[1]);
    return mp_obj_new_bool(qth_prepare() && qth_set_product(pk, ps));
}
static QTH_FUNCTION(set_product_info_obj, set_product_info, 2, MP_QSTR_pk, MP_QSTR_ps);

static mp_obj_t set_server(const mp_obj_t *args) {
    QthText url = qth_text_argument(args[0]);
    return mp_obj_new_bool(qth_prepare() && qth_set_server(url));
}
static QTH_FUNCTION(set_server_obj, set_server, 1, MP_QSTR_url);

static mp_obj_t set_lifetime(const mp_obj_t *args) {
    int32_t seconds = qth_number_argument(args[0], LIFETIME_MAX);
    return mp_obj_new_bool(qth_prepare() && seconds >= 0 && qth_set_lifetime(seconds));
}
static QTH_FUNCTION(set_lifetime_obj, set_lifetime, 1, MP_QSTR_lifetime);

static mp_obj_t set_dk(const mp_obj_t *args) {
    QthText dk = qth_text_argument(args[0]);
    return mp_obj_new_bool(qth_prepare() && qth_set_device_key(dk));
}
static QTH_FUNCTION(set_dk_obj, set_dk, 1, MP_QSTR_dk);

static mp_obj_t set_ver(const mp_obj_t *args) {
    QthText version = qth_text_argument(args[0]);
    return mp_obj_new_bool(qth_prepare() && qth_set_version(version));
}
static QTH_FUNCTION(set_ver_obj, set_ver, 1, MP_QSTR_version);

// No board with a modem exists yet that the settings could be handed to.
static mp_obj_t set_apn(const mp_obj_t *args) {
    for (size_t i = 0; i < 3; i++) {
        if (args[i] != MP_OBJ_NULL) {
            qth_text_argument(args[i]);
        }
    }
    return mp_obj_new_bool(qth_prepare());
}
static QTH_FUNCTION(set_apn_obj, set_apn, 1, MP_QSTR_apn, MP_QSTR_username, MP_QSTR_password);

// Plain TCP is all that this build has.
static mp_obj_t set_bs_et(const mp_obj_t *args) {
    QthText type = qth_text_argument(args[0]);
    return mp_obj_new_bool(qth_prepare() && type.length == 3 && memcmp(type.bytes, "tcp", 3) == 0);
}
static QTH_FUNCTION(set_bs_et_obj, set_bs_et, 1, MP_QSTR_type);

static mp_obj_t get_bs_et(void) {
    return MP_OBJ_NEW_QSTR(MP_QSTR_tcp);
}
static MP_DEFINE_CONST_FUN_OBJ_0(get_bs_et_obj, get_bs_et);

static mp_obj_t set_session_flag(const mp_obj_t *args) {
    int32_t flag = qth_number_argument(args[0], 1);
    return mp_obj_new_bool(qth_prepare() && flag >= 0 && qth_set_encrypted_session(flag == 1));
}
static QTH_FUNCTION(set_session_flag_obj, set_session_flag, 1, MP_QSTR_flag);

static mp_obj_t get_session_flag(void) {
    return mp_obj_new_bool(qth_is_ready() && qth_encrypted_session());
}
static MP_DEFINE_CONST_FUN_OBJ_0(get_session_flag_obj, get_session_flag);

// Keys of setEventCb and the places of their handlers.
typedef struct _callback_key_t {
    qstr_short_t name;
    uint8_t place;
} callback_key_t;

static const callback_key_t event_keys[] = {
    { MP_QSTR_devEvent, QTH_KIND_DEV_EVENT },
    { MP_QSTR_recvTrans, QTH_KIND_RECV_TRANS },
    { MP_QSTR_recvTsl, QTH_KIND_RECV_TSL },
    { MP_QSTR_readTsl, QTH_KIND_READ_TSL },
    { MP_QSTR_readTslServer, QTH_KIND_READ_TSL_SERVER },
    { MP_QSTR_, 0 },
};

static const callback_key_t ota_keys[] = {
    { MP_QSTR_otaPlan, QTH_KIND_OTA_PLAN },
    { MP_QSTR_fotaResult, QTH_KIND_FOTA_RESULT },
    { MP_QSTR_, 0 },
};

// Collects the callables of a dict by their places, after checking every key and value.
static void collect_callbacks(mp_obj_t dict, const callback_key_t *keys, mp_obj_t *callables) {
    if (!mp_obj_is_dict_or_ordereddict(dict)) {
        mp_raise_msg_varg(&mp_type_TypeError, MP_ERROR_TEXT("expected dict, not %s"), mp_obj_get_type_str(dict));
    }
    mp_map_t *map = mp_obj_dict_get_map(dict);
    for (size_t i = 0; i < map->alloc; i++) {
        if (!mp_map_slot_is_filled(map, i)) {
            continue;
        }
        mp_obj_t name = map->table[i].key;
        mp_obj_t value = map->table[i].value;
        if (keys == event_keys && mp_obj_equal(name, MP_OBJ_NEW_QSTR(MP_QSTR_ota))) {
            if (value != mp_const_none) {
                collect_callbacks(value, ota_keys, callables);
            }
            continue;
        }
        const callback_key_t *key = keys;
        while (key->name != MP_QSTR_ && !mp_obj_equal(name, MP_OBJ_NEW_QSTR(key->name))) {
            key++;
        }
        if (key->name == MP_QSTR_) {
            QthText text = qth_text_argument(name);
            mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("no callback '%.*s'"), (int)text.length, text.bytes);
        }
        qth_callable_argument(value);
        callables[key->place] = value;
    }
}

// Callbacks that are not in the dict stay as they are.
static mp_obj_t set_event_cb(const mp_obj_t *args) {
    mp_obj_t callables[QTH_KIND_APP_PACKAGE] = { MP_OBJ_NULL };
    collect_callbacks(args[0], event_keys, callables);
    if (!qth_prepare()) {
        return mp_const_false;
    }
    for (size_t place = 0; place < MP_ARRAY_SIZE(callables); place++) {
        if (callables[place] != MP_OBJ_NULL) {
            qth_handlers_set(place, callables[place]);
        }
    }
    return mp_const_true;
}
static QTH_FUNCTION(set_event_cb_obj, set_event_cb, 1, MP_QSTR_eventlist);

static const mp_rom_map_elem_t qth_module_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_Qth) },
    { MP_ROM_QSTR(MP_QSTR_init), MP_ROM_PTR(&init_obj) },
    { MP_ROM_QSTR(MP_QSTR_start), MP_ROM_PTR(&start_obj) },
    { MP_ROM_QSTR(MP_QSTR_stop), MP_ROM_PTR(&stop_obj) },
    { MP_ROM_QSTR(MP_QSTR_state), MP_ROM_PTR(&state_obj) },
    { MP_ROM_QSTR(MP_QSTR_reset), MP_ROM_PTR(&reset_obj) },
    { MP_ROM_QSTR(MP_QSTR_setProductInfo), MP_ROM_PTR(&set_product_info_obj) },
    { MP_ROM_QSTR(MP_QSTR_setServer), MP_ROM_PTR(&set_server_obj) },
    { MP_ROM_QSTR(MP_QSTR_setLifetime), MP_ROM_PTR(&set_lifetime_obj) },
    { MP_ROM_QSTR(MP_QSTR_setDK), MP_ROM_PTR(&set_dk_obj) },
    { MP_ROM_QSTR(MP_QSTR_setVer), MP_ROM_PTR(&set_ver_obj) },
    { MP_ROM_QSTR(MP_QSTR_setEventCb), MP_ROM_PTR(&set_event_cb_obj) },
    { MP_ROM_QSTR(MP_QSTR_setMcuVer), MP_ROM_PTR(&qth_set_mcu_ver_obj) },
    { MP_ROM_QSTR(MP_QSTR_setAppVer), MP_ROM_PTR(&qth_set_app_ver_obj) },
    { MP_ROM_QSTR(MP_QSTR_apply_pending_update), MP_ROM_PTR(&qth_apply_pending_update_obj) },
    { MP_ROM_QSTR(MP_QSTR__applicationFailed), MP_ROM_PTR(&qth_application_failed_obj) },
    { MP_ROM_QSTR(MP_QSTR_setApn), MP_ROM_PTR(&set_apn_obj) },
    { MP_ROM_QSTR(MP_QSTR_setBsEt), MP_ROM_PTR(&set_bs_et_obj) },
    { MP_ROM_QSTR(MP_QSTR_getBsEt), MP_ROM_PTR(&get_bs_et_obj) },
    { MP_ROM_QSTR(MP_QSTR_setSessionFlag), MP_ROM_PTR(&set_session_flag_obj) },
    { MP_ROM_QSTR(MP_QSTR_getSessionFlag), MP_ROM_PTR(&get_session_flag_obj) },
    { MP_ROM_QSTR(MP_QSTR_setOtaKey), MP_ROM_PTR(&qth_set_ota_key_obj) },
    { MP_ROM_QSTR(MP_QSTR_getOtaKey), MP_ROM_PTR(&qth_get_ota_key_obj) },
    { MP_ROM_QSTR(MP_QSTR_sendTrans), MP_ROM_PTR(&qth_send_trans_obj) },
    { MP_ROM_QSTR(MP_QSTR_sendTsl), MP_ROM_PTR(&qth_send_tsl_obj) },
    { MP_ROM_QSTR(MP_QSTR_ackTsl), MP_ROM_PTR(&qth_ack_tsl_obj) },
    { MP_ROM_QSTR(MP_QSTR_ackTslServer), MP_ROM_PTR(&qth_ack_tsl_server_obj) },
    { MP_ROM_QSTR(MP_QSTR_sendOutsideLocation), MP_ROM_PTR(&qth_send_outside_location_obj) },
    { MP_ROM_QSTR(MP_QSTR_getDevInfo), MP_ROM_PTR(&qth_get_dev_info_obj) },
    { MP_ROM_QSTR(MP_QSTR_getDevStatus), MP_ROM_PTR(&qth_get_dev_status_obj) },
    { MP_ROM_QSTR(MP_QSTR_sendDevInfo), MP_ROM_PTR(&qth_send_dev_info_obj) },
    { MP_ROM_QSTR(MP_QSTR_sendDevStatus), MP_ROM_PTR(&qth_send_dev_status_obj) },
    { MP_ROM_QSTR(MP_QSTR_ackDevInfo), MP_ROM_PTR(&qth_ack_dev_info_obj) },
    { MP_ROM_QSTR(MP_QSTR_ackDevStatus), MP_ROM_PTR(&qth_ack_dev_status_obj) },
    { MP_ROM_QSTR(MP_QSTR_otaRequest), MP_ROM_PTR(&qth_ota_request_obj) },
    { MP_ROM_QSTR(MP_QSTR_otaAction), MP_ROM_PTR(&qth_ota_action_obj) },
    { MP_ROM_QSTR(MP_QSTR_mcuFWDataRead), MP_ROM_PTR(&qth_mcu_fw_data_read_obj) },
};
static MP_DEFINE_CONST_DICT(qth_module_globals, qth_module_globals_table);

const mp_obj_module_t qth_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&qth_module_globals,
};
MP_REGISTER_MODULE(MP_QSTR_Qth, qth_module);
// Inner modules of the vendor's SDK that scripts name.
MP_REGISTER_MODULE(MP_QSTR_qth_init, qth_module);
MP_REGISTER_MODULE(MP_QSTR_qth_config, qth_module);
MP_REGISTER_MODULE(MP_QSTR_qth_bus, qth_module);
MP_REGISTER_MODULE(MP_QSTR_qth_ota, qth_module);
