// Upgrades: plans of the Center, components beside the module.

#include "py/runtime.h"

#include "arguments.h"
#include "function.h"
#include "functions.h"
#include "handlers.h"

// Largest action of otaAction.
#define ACTION_MAX (3)
// Largest address and length in a package: small ints on every port.
#define READ_MAX (0x3fffffff)

static mp_obj_t ota_request(const mp_obj_t *args) {
    int32_t mode = args[0] == MP_OBJ_NULL ? 0 : qth_number_argument(args[0], 1);
    return mp_obj_new_bool(qth_is_ready() && mode >= 0 && qth_ota_request(mode == 1));
}
QTH_FUNCTION(qth_ota_request_obj, ota_request, 0, MP_QSTR_mode);

static mp_obj_t ota_action(const mp_obj_t *args) {
    int32_t action = qth_number_argument(args[0], ACTION_MAX);
    return mp_obj_new_bool(qth_is_ready() && action >= 0 && qth_ota_action(action));
}
QTH_FUNCTION(qth_ota_action_obj, ota_action, 1, MP_QSTR_otaAction);

static mp_obj_t set_mcu_ver(const mp_obj_t *args) {
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
QTH_FUNCTION(qth_set_mcu_ver_obj, set_mcu_ver, 4, MP_QSTR_comp_no, MP_QSTR_version, MP_QSTR_infoCB, MP_QSTR_resultCB);

static mp_obj_t import_application(void) {
    return mp_import_name(MP_QSTR_application, mp_const_none, MP_OBJ_NEW_SMALL_INT(0));
}

// The application is a component like an MCU, which the frozen module `application` updates.
static mp_obj_t set_app_ver(const mp_obj_t *args) {
    QthText version = qth_text_argument(args[0]);
    qth_callable_argument(args[1]);
    if (version.length == 0 || !qth_prepare()) {
        return mp_const_false;
    }
    mp_obj_t application = import_application();
    QthText component = qth_application();
    int32_t place = qth_mcu_handlers(component);
    if (place < 0) {
        return mp_const_false;
    }
    mp_store_attr(application, MP_QSTR__on_result, args[1]);
    qth_handlers_set(place, mp_load_attr(application, MP_QSTR_info));
    qth_handlers_set(place + 1, mp_load_attr(application, MP_QSTR_result));
    qth_handlers_set(QTH_KIND_APP_PACKAGE, mp_load_attr(application, MP_QSTR_install));
    return mp_obj_new_bool(qth_set_mcu_version(component, version));
}
QTH_FUNCTION(qth_set_app_ver_obj, set_app_ver, 2, MP_QSTR_version, MP_QSTR_resultCB);

// An update waits until the next start and is applied before the application runs: here it only tells so.
static mp_obj_t apply_pending_update(void) {
    mp_obj_t application = mp_load_attr(import_application(), MP_QSTR_application);
    return mp_load_attr(application, MP_QSTR_was_updated);
}
MP_DEFINE_CONST_FUN_OBJ_0(qth_apply_pending_update_obj, apply_pending_update);

// _applicationFailed(fault), for the module `application`.
static mp_obj_t application_failed(mp_obj_t fault_in) {
    int32_t fault = qth_number_argument(fault_in, QTH_FAULT_SPACE);
    return mp_obj_new_bool(qth_is_ready() && fault >= 0 && qth_application_failed(fault));
}
MP_DEFINE_CONST_FUN_OBJ_1(qth_application_failed_obj, application_failed);

static mp_obj_t set_ota_key(const mp_obj_t *args) {
    QthText pem = qth_text_argument(args[0]);
    return mp_obj_new_bool(qth_prepare() && qth_set_ota_key(pem));
}
QTH_FUNCTION(qth_set_ota_key_obj, set_ota_key, 1, MP_QSTR_key);

static mp_obj_t get_ota_key(void) {
    uint8_t pem[QTH_OTA_KEY];
    size_t length = qth_is_ready() ? qth_ota_key((QthBuffer){ pem, sizeof(pem) }) : 0;
    return mp_obj_new_str((const char *)pem, length);
}
MP_DEFINE_CONST_FUN_OBJ_0(qth_get_ota_key_obj, get_ota_key);

// mcuFWDataRead(address, length): None while the package is not there, and behind its end.
static mp_obj_t mcu_fw_data_read(const mp_obj_t *args) {
    int32_t address = qth_number_argument(args[0], READ_MAX);
    int32_t length = qth_number_argument(args[1], READ_MAX);
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
QTH_FUNCTION(qth_mcu_fw_data_read_obj, mcu_fw_data_read, 2, MP_QSTR_addr, MP_QSTR_len);
