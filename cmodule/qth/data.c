// Data in both directions: transparent data, the product's data model, location, status and information.

#include "py/runtime.h"

#include "arguments.h"
#include "function.h"
#include "functions.h"
#include "handlers.h"
#include "values.h"

// Largest mode, which is the QoS, and largest package id.
#define MODE_MAX (2)
#define PACKAGE_MAX (0xfffe)
#define ID_MAX (8191)

static mp_obj_t send_trans(const mp_obj_t *args) {
    int32_t mode = qth_number_argument(args[0], MODE_MAX);
    QthBytes value = qth_bytes_argument(args[1]);
    return mp_obj_new_bool(qth_is_ready() && mode >= 0 && qth_send_transparent(mode, value));
}
QTH_FUNCTION(qth_send_trans_obj, send_trans, 2, MP_QSTR_mode, MP_QSTR_value);

static mp_obj_t send_tsl(const mp_obj_t *args) {
    int32_t mode = qth_number_argument(args[0], MODE_MAX);
    qth_message_t message;
    bool is_good = qth_message_of_dict(args[1], 0, &message) && mode >= 0 && qth_is_ready();
    // Nothing to report is nothing to send.
    bool is_empty = is_good && message.bytes.length == 0;
    return mp_obj_new_bool(is_empty || (is_good && qth_send_tsl(mode, message.bytes)));
}
QTH_FUNCTION(qth_send_tsl_obj, send_tsl, 2, MP_QSTR_mode, MP_QSTR_value);

static mp_obj_t ack_tsl(const mp_obj_t *args) {
    int32_t mode = qth_number_argument(args[0], MODE_MAX);
    int32_t package = qth_number_argument(args[2], PACKAGE_MAX);
    qth_message_t message;
    bool is_good = qth_message_of_dict(args[1], 0, &message) && mode >= 0 && package > 0 && qth_is_ready();
    return mp_obj_new_bool(is_good && qth_answer_tsl(mode, package, message.bytes));
}
QTH_FUNCTION(qth_ack_tsl_obj, ack_tsl, 3, MP_QSTR_mode, MP_QSTR_value, MP_QSTR_pkgId);

static mp_obj_t ack_tsl_server(const mp_obj_t *args) {
    int32_t mode = qth_number_argument(args[0], MODE_MAX);
    int32_t service = qth_number_argument(args[1], ID_MAX);
    int32_t package = qth_number_argument(args[3], PACKAGE_MAX);
    qth_message_t message;
    bool is_written = qth_message_of_dict(args[2], service > 0 ? service : 1, &message);
    bool is_good = is_written && mode >= 0 && service > 0 && package > 0 && qth_is_ready();
    return mp_obj_new_bool(is_good && qth_answer_service(mode, package, message.bytes));
}
QTH_FUNCTION(qth_ack_tsl_server_obj, ack_tsl_server, 4, MP_QSTR_mode, MP_QSTR_serverId, MP_QSTR_value, MP_QSTR_pkgId);

static mp_obj_t send_outside_location(const mp_obj_t *args) {
    QthText nmea = qth_text_argument(args[0]);
    return mp_obj_new_bool(qth_is_ready() && qth_send_location(nmea));
}
QTH_FUNCTION(qth_send_outside_location_obj, send_outside_location, 1, MP_QSTR_nmea);

// A list of ids. What can't be one becomes 0, which is nobody's id.
static QthIds ids_of(mp_obj_t ids_in) {
    size_t count;
    mp_obj_t *ids;
    mp_obj_get_array(ids_in, &count, &ids);
    uint16_t *numbers = m_new(uint16_t, count);
    for (size_t i = 0; i < count; i++) {
        int32_t id = qth_number_argument(ids[i], ID_MAX);
        numbers[i] = id < 0 ? 0 : id;
    }
    return (QthIds){ numbers, count };
}

static mp_obj_t get_dev_info(const mp_obj_t *args) {
    QthIds ids = ids_of(args[0]);
    uint8_t message[QTH_MESSAGE];
    size_t length = qth_is_ready() ? qth_information(ids, (QthBuffer){ message, sizeof(message) }) : 0;
    return qth_dict_of_message((QthBytes){ message, length });
}
QTH_FUNCTION(qth_get_dev_info_obj, get_dev_info, 1, MP_QSTR_ids);

static mp_obj_t get_dev_status(const mp_obj_t *args) {
    QthIds ids = ids_of(args[0]);
    uint8_t message[QTH_MESSAGE];
    size_t length = qth_is_ready() ? qth_status(ids, (QthBuffer){ message, sizeof(message) }) : 0;
    return qth_dict_of_message((QthBytes){ message, length });
}
QTH_FUNCTION(qth_get_dev_status_obj, get_dev_status, 1, MP_QSTR_ids);

static mp_obj_t send_dev_info(const mp_obj_t *args) {
    QthIds ids = ids_of(args[0]);
    return mp_obj_new_bool(qth_is_ready() && qth_send_information(ids));
}
QTH_FUNCTION(qth_send_dev_info_obj, send_dev_info, 1, MP_QSTR_ids);

static mp_obj_t send_dev_status(const mp_obj_t *args) {
    QthIds ids = ids_of(args[0]);
    return mp_obj_new_bool(qth_is_ready() && qth_send_status(ids));
}
QTH_FUNCTION(qth_send_dev_status_obj, send_dev_status, 1, MP_QSTR_ids);

static mp_obj_t ack_dev_info(const mp_obj_t *args) {
    QthIds ids = ids_of(args[0]);
    int32_t package = qth_number_argument(args[1], PACKAGE_MAX);
    return mp_obj_new_bool(qth_is_ready() && package > 0 && qth_answer_information(package, ids));
}
QTH_FUNCTION(qth_ack_dev_info_obj, ack_dev_info, 2, MP_QSTR_ids, MP_QSTR_pkgId);

static mp_obj_t ack_dev_status(const mp_obj_t *args) {
    QthIds ids = ids_of(args[0]);
    int32_t package = qth_number_argument(args[1], PACKAGE_MAX);
    return mp_obj_new_bool(qth_is_ready() && package > 0 && qth_answer_status(package, ids));
}
QTH_FUNCTION(qth_ack_dev_status_obj, ack_dev_status, 2, MP_QSTR_ids, MP_QSTR_pkgId);
