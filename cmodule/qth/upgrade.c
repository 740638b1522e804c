// Upgrades: plans of the Center, components beside the module.

#include "py/runtime.h"

#include "arguments.h"
#include "functions.h"
#include "handlers.h"

// Component of the application.
#define APPLICATION "APP"
// Largest action of otaAction.
#define ACTION_MAX (3)
// Largest address and length in a package: small ints on every port.
#define READ_MAX (0x3fffffff)

// otaRequest([mode])
static mp_obj_t ota_request(size_t n_args, const mp_obj_t *args) {
    int32_t mode = n_args > 0 ? qth_number_argument(args[0], 1) : 0;
    return mp_obj_new_bool(qth_is_ready() && mode >= 0 && qth_ota_request(mode == 1));
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(qth_ota_request_obj, 0, 1, ota_request);

static mp_obj_t ota_action(mp_obj_t action_in) {
    int32_t action = qth_number_argument(action_in, ACTION_MAX);
    return mp_obj_new_bool(qth_is_ready() && action >= 0 && qth_ota_action(action));
}
MP_DEFINE_CONST_FUN_OBJ_1(qth_ota_action_obj, ota_action);

// setMcuVer(comp_no, version, infoCB, resultCB)
static mp_obj_t set_mcu_ver(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    QthText component = qth_text_argument(args[0]);
    QthText version = qth_text_argument(args[1]);
    qth_callable_argument(args[2]);
    qth_callable_argument(args[3]);
    if (!qth_prepare()) {
        return mp_const_false;
    }
    // The version may end an upgrade at once: the handlers come first.
    int32_t place = qth_mcu_handlers(component);
    if (place < 0) {
        return mp_const_false;
    }
    qth_handlers_set(place, args[2]);
    qth_handlers_set(place + 1, args[3]);
    return mp_obj_new_bool(qth_set_mcu_version(component, version));
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(qth_set_mcu_ver_obj, 4, 4, set_mcu_ver);

// The application is a component like an MCU, which the frozen module `application` updates.
static mp_obj_t set_app_ver(mp_obj_t version_in, mp_obj_t result_cb) {
    QthText version = qth_text_argument(version_in);
    qth_callable_argument(result_cb);
    if (version.length == 0 || !qth_prepare()) {
        return mp_const_false;
    }
    mp_obj_t application = mp_import_name(MP_QSTR_application, mp_const_none, MP_OBJ_NEW_SMALL_INT(0));
    QthText component = { (const uint8_t *)APPLICATION, sizeof(APPLICATION) - 1 };
    int32_t place = qth_mcu_handlers(component);
    if (place < 0) {
        return mp_const_false;
    }
    mp_store_attr(application, MP_QSTR__on_result, result_cb);
    qth_handlers_set(place, mp_load_attr(application, MP_QSTR_info));
    qth_handlers_set(place + 1, mp_load_attr(application, MP_QSTR_result));
    qth_handlers_set(QTH_KIND_APP_PACKAGE, mp_load_attr(application, MP_QSTR_install));
    return mp_obj_new_bool(qth_set_mcu_version(component, version));
}
MP_DEFINE_CONST_FUN_OBJ_2(qth_set_app_ver_obj, set_app_ver);

// _applicationFailed(fault), for the module `application`.
static mp_obj_t application_failed(mp_obj_t fault_in) {
    int32_t fault = qth_number_argument(fault_in, QTH_FAULT_SPACE);
    return mp_obj_new_bool(qth_is_ready() && fault >= 0 && qth_application_failed(fault));
}
MP_DEFINE_CONST_FUN_OBJ_1(qth_application_failed_obj, application_failed);

static mp_obj_t set_ota_key(mp_obj_t pem_in) {
    QthText pem = qth_text_argument(pem_in);
    return mp_obj_new_bool(qth_prepare() && qth_set_ota_key(pem));
}
MP_DEFINE_CONST_FUN_OBJ_1(qth_set_ota_key_obj, set_ota_key);

static mp_obj_t get_ota_key(void) {
    uint8_t pem[QTH_OTA_KEY];
    size_t length = qth_is_ready() ? qth_ota_key((QthBuffer){ pem, sizeof(pem) }) : 0;
    return mp_obj_new_str((const char *)pem, length);
}
MP_DEFINE_CONST_FUN_OBJ_0(qth_get_ota_key_obj, get_ota_key);

// mcuFWDataRead(address, length): None while the package is not there, and behind its end.
static mp_obj_t mcu_fw_data_read(mp_obj_t address_in, mp_obj_t length_in) {
    int32_t address = qth_number_argument(address_in, READ_MAX);
    int32_t length = qth_number_argument(length_in, READ_MAX);
    if (!qth_is_ready() || address < 0 || length <= 0) {
        return mp_const_none;
    }
    // Nothing is allocated while there is nothing to read.
    uint8_t first;
    if (qth_mcu_read(address, (QthBuffer){ &first, 1 }) == 0) {
        return mp_const_none;
    }
    vstr_t bytes;
    vstr_init_len(&bytes, length);
    bytes.len = qth_mcu_read(address, (QthBuffer){ (uint8_t *)bytes.buf, bytes.len });
    return mp_obj_new_bytes_from_vstr(&bytes);
}
MP_DEFINE_CONST_FUN_OBJ_2(qth_mcu_fw_data_read_obj, mcu_fw_data_read);
