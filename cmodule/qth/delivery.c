// Delivers events to the script's callables.

#include "py/runtime.h"

#include "board.h"
#include "callbacks.h"
#include "delivery.h"
#include "exceptions.h"
#include "handlers.h"
#include "values.h"

// plans: a list of tuples, in the order of the public reference of setEventCb.
static mp_obj_t plans_of(const QthEvent *event) {
    mp_obj_t plans = mp_obj_new_list(0, NULL);
    QthComponent component;
    for (size_t i = 0; qth_plan_component(event->bytes, i, &component); i++) {
        mp_obj_t fields[] = {
            MP_OBJ_NEW_SMALL_INT(component.kind),
            qth_str_of_text(component.name),
            qth_str_of_text(component.source),
            qth_str_of_text(component.target),
            MP_OBJ_NEW_SMALL_INT(component.battery),
            mp_obj_new_int_from_uint(component.space),
            MP_OBJ_NEW_SMALL_INT(component.signal),
        };
        mp_obj_list_append(plans, mp_obj_new_tuple(MP_ARRAY_SIZE(fields), fields));
    }
    return plans;
}

static mp_obj_t ids_of(const QthEvent *event) {
    mp_obj_t ids = mp_obj_new_list(0, NULL);
    for (size_t i = 0; i + 1 < event->bytes.length; i += 2) {
        const uint8_t *id = &event->bytes.bytes[i];
        mp_obj_list_append(ids, MP_OBJ_NEW_SMALL_INT(id[0] << 8 | id[1]));
    }
    return ids;
}

static void call_read_tsl_server(mp_obj_t callable, const QthEvent *event) {
    QthReader items;
    QthItem service;
    if (qth_reader_open(&items, event->bytes) && qth_reader_next(&items, &service)) {
        mp_obj_t args[] = { MP_OBJ_NEW_SMALL_INT(service.id), qth_object_of_item(&service), MP_OBJ_NEW_SMALL_INT(event->number) };
        mp_call_function_n_kw(callable, MP_ARRAY_SIZE(args), 0, args);
    }
}

static void call_result(mp_obj_t callable, const QthEvent *event) {
    mp_call_function_2(callable, qth_str_of_text(event->bytes), mp_obj_new_bool(event->number));
}

// The exception says that the callable takes another number of arguments: it was raised before any of its code ran.
static bool is_of_the_call(mp_obj_t exception) {
    size_t lines;
    size_t *traceback;
    mp_obj_exception_get_traceback(exception, &lines, &traceback);
    return lines == 0 && mp_obj_is_exception_instance(exception) && mp_obj_is_subclass_fast(MP_OBJ_FROM_PTR(mp_obj_get_type(exception)), MP_OBJ_FROM_PTR(&mp_type_TypeError));
}

// infoCB(component, version, url, [size,] md5, crc).
static void call_mcu_info(mp_obj_t callable, const QthEvent *event) {
    QthFile file;
    if (!qth_mcu_file(event->bytes, &file)) {
        return;
    }
    mp_obj_t args[] = {
        qth_str_of_text(file.component),
        qth_str_of_text(file.version),
        qth_str_of_text(file.url),
        mp_obj_new_int_from_uint(file.size),
        qth_str_of_text(file.md5),
        qth_str_of_text(file.crc),
    };
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_call_function_n_kw(callable, 6, 0, args);
        nlr_pop();
        return;
    }
    if (!is_of_the_call(MP_OBJ_FROM_PTR(nlr.ret_val))) {
        nlr_jump(nlr.ret_val);
    }
    args[3] = args[4];
    args[4] = args[5];
    mp_call_function_n_kw(callable, 5, 0, args);
}

static void call_handler(mp_obj_t callable, const QthEvent *event) {
    switch (event->kind) {
        case QTH_KIND_DEV_EVENT:
            mp_call_function_2(callable, MP_OBJ_NEW_SMALL_INT(event->number), MP_OBJ_NEW_SMALL_INT(event->result));
            break;
        case QTH_KIND_RECV_TRANS:
            mp_call_function_1(callable, mp_obj_new_bytes(event->bytes.bytes, event->bytes.length));
            break;
        case QTH_KIND_RECV_TSL:
            mp_call_function_1(callable, qth_dict_of_message(event->bytes));
            break;
        case QTH_KIND_READ_TSL:
            mp_call_function_2(callable, ids_of(event), MP_OBJ_NEW_SMALL_INT(event->number));
            break;
        case QTH_KIND_READ_TSL_SERVER:
            call_read_tsl_server(callable, event);
            break;
        case QTH_KIND_OTA_PLAN:
            mp_call_function_1(callable, plans_of(event));
            break;
        case QTH_KIND_FOTA_RESULT:
        case QTH_KIND_MCU_RESULT:
            call_result(callable, event);
            break;
        case QTH_KIND_APP_PACKAGE:
            mp_call_function_0(callable);
            break;
        case QTH_KIND_MCU_INFO:
            call_mcu_info(callable, event);
            break;
    }
}

// Calls a handler for the library. Nothing that is raised leaves this function: its caller is Rust.
static bool call(uint32_t handle, const QthEvent *event) {
    mp_obj_t callable = qth_handlers_get(handle);
    if (callable == MP_OBJ_NULL) {
        return true;
    }
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        call_handler(callable, event);
        nlr_pop();
        return true;
    }
    mp_obj_t exception = MP_OBJ_FROM_PTR(nlr.ret_val);
    if (qth_give_back_ctrl_c(exception)) {
        return false;
    }
    // Ctrl-C may come while it is printed, too.
    if (nlr_push(&nlr) == 0) {
        mp_obj_print_exception(MICROPY_ERROR_PRINTER, exception);
        nlr_pop();
        return true;
    }
    return !qth_give_back_ctrl_c(MP_OBJ_FROM_PTR(nlr.ret_val));
}

static void restart(void) {
    qth_board_reset();
}

bool qth_delivery_init(void) {
    QthHost host = { .call = call, .events_wait = qth_callbacks_wake, .restart = restart, .board = qth_board };
    QthText version = { (const uint8_t *)QTH_FIRMWARE_VERSION, sizeof(QTH_FIRMWARE_VERSION) - 1 };
    return qth_init(&host, version);
}

static void drive(mp_sched_node_t *scheduled) {
    (void)scheduled;
    qth_drive();
}

__attribute__((weak)) void qth_board_callbacks(void) {
}

void qth_board_tick(void) {
    static mp_sched_node_t drive_node;
    if (qth_is_due()) {
        mp_sched_schedule_node(&drive_node, drive);
    }
}
