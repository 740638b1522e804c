// TCP over the port's own module `socket`, for boards whose driver runs in the interpreter's thread.
//
// Opening goes through the module as a script would; bytes go through the sockets' stream protocol, which allocates nothing.
// One object owns the sockets, so that a soft reset, which collects all objects, leaves none behind.

#include <string.h>

#include "py/mperrno.h"
#include "py/runtime.h"
#include "py/stream.h"

#include "board.h"
#include "exceptions.h"
#include "values.h"

#define LINKS (2)

typedef struct _qth_sockets_obj_t {
    mp_obj_base_t base;
    mp_obj_t sockets[LINKS];
} qth_sockets_obj_t;

MP_REGISTER_ROOT_POINTER(struct _qth_sockets_obj_t *qth_sockets);

static mp_obj_t sockets_del(mp_obj_t self_in) {
    (void)self_in;
    MP_STATE_VM(qth_sockets) = NULL;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(sockets_del_obj, sockets_del);

static const mp_rom_map_elem_t sockets_locals_dict_table[] = {
    { MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&sockets_del_obj) },
};
static MP_DEFINE_CONST_DICT(sockets_locals_dict, sockets_locals_dict_table);

static MP_DEFINE_CONST_OBJ_TYPE(
    sockets_type,
    MP_QSTR_Sockets,
    MP_TYPE_FLAG_NONE,
    locals_dict, &sockets_locals_dict);

static mp_obj_t socket_of(uint8_t link) {
    return MP_STATE_VM(qth_sockets) == NULL ? MP_OBJ_NULL : MP_STATE_VM(qth_sockets)->sockets[link];
}

static void keep_socket(uint8_t link, mp_obj_t socket) {
    if (MP_STATE_VM(qth_sockets) == NULL) {
        qth_sockets_obj_t *sockets = mp_obj_malloc_with_finaliser(qth_sockets_obj_t, &sockets_type);
        for (size_t i = 0; i < LINKS; i++) {
            sockets->sockets[i] = MP_OBJ_NULL;
        }
        MP_STATE_VM(qth_sockets) = sockets;
    }
    MP_STATE_VM(qth_sockets)->sockets[link] = socket;
}

// socket.getaddrinfo(host, port)[0]: family, type, protocol, name, address.
static mp_obj_t *resolve(mp_obj_t module, QthText host, uint16_t port) {
    mp_obj_t args[] = { qth_str_of_text(host), MP_OBJ_NEW_SMALL_INT(port) };
    mp_obj_t found = mp_call_function_n_kw(mp_load_attr(module, MP_QSTR_getaddrinfo), MP_ARRAY_SIZE(args), 0, args);
    mp_obj_t *fields;
    mp_obj_get_array_fixed_n(mp_obj_subscr(found, MP_OBJ_NEW_SMALL_INT(0), MP_OBJ_SENTINEL), 5, &fields);
    return fields;
}

static bool is_in_progress(mp_obj_t exception) {
    if (!mp_obj_is_subclass_fast(MP_OBJ_FROM_PTR(mp_obj_get_type(exception)), MP_OBJ_FROM_PTR(&mp_type_OSError))) {
        return false;
    }
    mp_obj_t number = mp_obj_exception_get_value(exception);
    return number == MP_OBJ_NEW_SMALL_INT(MP_EINPROGRESS) || number == MP_OBJ_NEW_SMALL_INT(MP_EAGAIN);
}

static void connect(mp_obj_t socket, mp_obj_t address) {
    mp_obj_t method[3];
    mp_load_method(socket, MP_QSTR_setblocking, method);
    method[2] = mp_const_false;
    mp_call_method_n_kw(1, 0, method);
    mp_load_method(socket, MP_QSTR_connect, method);
    method[2] = address;
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_call_method_n_kw(1, 0, method);
        nlr_pop();
    } else if (!is_in_progress(MP_OBJ_FROM_PTR(nlr.ret_val))) {
        nlr_jump(nlr.ret_val);
    }
}

QthOpening qth_sockets_open(uint8_t link, QthText host, uint16_t port) {
    // What is raised says what has failed by how far it came.
    volatile QthOpening failure = QTH_OPENING_FAILED;
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_obj_t module = mp_import_name(MP_QSTR_socket, mp_const_none, MP_OBJ_NEW_SMALL_INT(0));
        failure = QTH_OPENING_NOT_RESOLVED;
        mp_obj_t *address = resolve(module, host, port);
        failure = QTH_OPENING_FAILED;
        keep_socket(link, mp_call_function_1(mp_load_attr(module, MP_QSTR_socket), address[0]));
        connect(socket_of(link), address[4]);
        nlr_pop();
        return QTH_OPENING_PENDING;
    }
    qth_give_back_ctrl_c(MP_OBJ_FROM_PTR(nlr.ret_val));
    return failure;
}

QthOpening qth_sockets_opening(uint8_t link) {
    mp_obj_t socket = socket_of(link);
    if (socket == MP_OBJ_NULL) {
        return QTH_OPENING_FAILED;
    }
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        int error;
        mp_uint_t wanted = MP_STREAM_POLL_WR | MP_STREAM_POLL_ERR | MP_STREAM_POLL_HUP;
        mp_uint_t ready = mp_get_stream_raise(socket, MP_STREAM_OP_IOCTL)->ioctl(socket, MP_STREAM_POLL, wanted, &error);
        nlr_pop();
        if (ready == MP_STREAM_ERROR || (ready & (MP_STREAM_POLL_ERR | MP_STREAM_POLL_HUP))) {
            return QTH_OPENING_FAILED;
        }
        return ready & MP_STREAM_POLL_WR ? QTH_OPENING_OPEN : QTH_OPENING_PENDING;
    }
    return qth_give_back_ctrl_c(MP_OBJ_FROM_PTR(nlr.ret_val)) ? QTH_OPENING_PENDING : QTH_OPENING_FAILED;
}

// How many bytes were moved, 0 when none can be now, -1 when the socket is broken.
static int32_t transfer(uint8_t link, void *bytes, size_t length, byte direction) {
    mp_obj_t socket = socket_of(link);
    if (socket == MP_OBJ_NULL) {
        return -1;
    }
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        int error = 0;
        mp_get_stream_raise(socket, direction == MP_STREAM_RW_READ ? MP_STREAM_OP_READ : MP_STREAM_OP_WRITE);
        mp_uint_t count = mp_stream_rw(socket, bytes, length, &error, direction | MP_STREAM_RW_ONCE);
        nlr_pop();
        if (error != 0) {
            return mp_is_nonblocking_error(error) ? 0 : -1;
        }
        // Nothing read without an error: the peer has closed.
        return count == 0 && direction == MP_STREAM_RW_READ ? -1 : (int32_t)count;
    }
    return qth_give_back_ctrl_c(MP_OBJ_FROM_PTR(nlr.ret_val)) ? 0 : -1;
}

int32_t qth_sockets_send(uint8_t link, QthBytes bytes) {
    return transfer(link, (void *)bytes.bytes, bytes.length, MP_STREAM_RW_WRITE);
}

int32_t qth_sockets_receive(uint8_t link, QthBuffer room) {
    return transfer(link, room.bytes, room.size, MP_STREAM_RW_READ);
}

void qth_sockets_close(uint8_t link) {
    mp_obj_t socket = socket_of(link);
    if (socket == MP_OBJ_NULL) {
        return;
    }
    MP_STATE_VM(qth_sockets)->sockets[link] = MP_OBJ_NULL;
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_stream_close(socket);
        nlr_pop();
    } else {
        qth_give_back_ctrl_c(MP_OBJ_FROM_PTR(nlr.ret_val));
    }
}
