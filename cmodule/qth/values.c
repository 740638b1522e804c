// Python objects and TTLV messages.

#include "py/objint.h"
#include "py/objstr.h"
#include "py/runtime.h"

#include "values.h"

// Ids of TTLV items (wire protocol, section 3).
#define ID_MAX (8191)
// How deep the library writes; the check here only ends what contains itself.
#define DEPTH_MAX (16)

mp_obj_t qth_str_of_text(QthText text) {
    return mp_obj_new_str((const char *)text.bytes, text.length);
}

static mp_obj_t dict_of_items(QthReader items) {
    mp_obj_t dict = mp_obj_new_dict(0);
    QthItem item;
    while (qth_reader_next(&items, &item)) {
        mp_obj_dict_store(dict, MP_OBJ_NEW_SMALL_INT(item.id), qth_object_of_item(&item));
    }
    return dict;
}

static mp_obj_t list_of_items(QthReader items) {
    mp_obj_t list = mp_obj_new_list(0, NULL);
    QthItem item;
    while (qth_reader_next(&items, &item)) {
        mp_obj_list_append(list, qth_object_of_item(&item));
    }
    return list;
}

mp_obj_t qth_object_of_item(const QthItem *item) {
    switch (item->kind) {
        case QTH_TYPE_BOOL:
            return mp_obj_new_bool(item->boolean);
        case QTH_TYPE_INT:
            return mp_obj_new_int_from_ll(item->integer);
        case QTH_TYPE_FLOAT:
            return mp_obj_new_float_from_d(item->real);
        case QTH_TYPE_TEXT:
            return qth_str_of_text(item->bytes);
        case QTH_TYPE_BYTES:
            return mp_obj_new_bytes(item->bytes.bytes, item->bytes.length);
        case QTH_TYPE_STRUCT:
            return dict_of_items(item->items);
        case QTH_TYPE_ARRAY:
            return list_of_items(item->items);
    }
    return mp_const_none;
}

mp_obj_t qth_dict_of_message(QthBytes message) {
    QthReader items;
    if (!qth_reader_open(&items, message)) {
        return mp_obj_new_dict(0);
    }
    return dict_of_items(items);
}

static int64_t integer_of(mp_obj_t obj) {
    if (mp_obj_is_small_int(obj)) {
        return MP_OBJ_SMALL_INT_VALUE(obj);
    }
    uint8_t bytes[8];
    bool fits = mp_obj_int_to_bytes_impl(obj, true, sizeof(bytes), bytes);
    uint64_t bits = 0;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bits = bits << 8 | bytes[i];
    }
    int64_t integer = (int64_t)bits;
    // A positive one with the highest bit set fits into the bytes, but not into the integer.
    if (!fits || (integer < 0) != (mp_obj_int_sign(obj) < 0)) {
        mp_raise_ValueError(MP_ERROR_TEXT("int of more than 64 bits"));
    }
    return integer;
}

static void write_items(QthWriter *writer, mp_obj_t dict, int depth);

static void write_value(QthWriter *writer, uint16_t id, mp_obj_t value, int depth) {
    if (depth > DEPTH_MAX) {
        mp_raise_ValueError(MP_ERROR_TEXT("value nested too deep"));
    }
    if (mp_obj_is_bool(value)) {
        qth_writer_bool(writer, id, value == mp_const_true);
    } else if (mp_obj_is_int(value)) {
        qth_writer_int(writer, id, integer_of(value));
    } else if (mp_obj_is_float(value)) {
        qth_writer_float(writer, id, mp_obj_get_float_to_d(value));
    } else if (mp_obj_is_str_or_bytes(value) || mp_obj_is_type(value, &mp_type_bytearray)) {
        mp_buffer_info_t buffer;
        mp_get_buffer_raise(value, &buffer, MP_BUFFER_READ);
        qth_writer_bytes(writer, id, (QthBytes){ buffer.buf, buffer.len });
    } else if (mp_obj_is_dict_or_ordereddict(value)) {
        qth_writer_begin(writer, id);
        write_items(writer, value, depth + 1);
        qth_writer_end(writer);
    } else if (mp_obj_is_type(value, &mp_type_list) || mp_obj_is_type(value, &mp_type_tuple)) {
        size_t count;
        mp_obj_t *elements;
        mp_obj_get_array(value, &count, &elements);
        qth_writer_begin(writer, id);
        for (size_t i = 0; i < count; i++) {
            write_value(writer, 0, elements[i], depth + 1);
        }
        qth_writer_end(writer);
    } else {
        mp_raise_msg_varg(&mp_type_TypeError, MP_ERROR_TEXT("value of id %d can't be a %s"), id, mp_obj_get_type_str(value));
    }
}

// An id: an int, or its decimal digits, as keys of JSON are. 0 for a number that is none.
static mp_int_t id_of(mp_obj_t key) {
    if (mp_obj_is_int(key)) {
        return mp_obj_is_small_int(key) ? MP_OBJ_SMALL_INT_VALUE(key) : 0;
    }
    if (!mp_obj_is_str(key)) {
        mp_raise_msg_varg(&mp_type_TypeError, MP_ERROR_TEXT("id must be int, not %s"), mp_obj_get_type_str(key));
    }
    size_t length;
    const char *digits = mp_obj_str_get_data(key, &length);
    mp_int_t id = 0;
    for (size_t i = 0; i < length; i++) {
        if (!unichar_isdigit(digits[i]) || id > ID_MAX) {
            return 0;
        }
        id = id * 10 + digits[i] - '0';
    }
    return id;
}

static void write_items(QthWriter *writer, mp_obj_t dict, int depth) {
    mp_map_t *map = mp_obj_dict_get_map(dict);
    for (size_t i = 0; i < map->alloc; i++) {
        if (!mp_map_slot_is_filled(map, i)) {
            continue;
        }
        mp_int_t id = id_of(map->table[i].key);
        if (id < 1 || id > ID_MAX) {
            mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("id must be 1 to %d"), ID_MAX);
        }
        write_value(writer, id, map->table[i].value, depth);
    }
}

bool qth_message_of_dict(mp_obj_t dict, uint16_t id, qth_message_t *message) {
    if (!mp_obj_is_dict_or_ordereddict(dict)) {
        mp_raise_msg_varg(&mp_type_TypeError, MP_ERROR_TEXT("expected dict, not %s"), mp_obj_get_type_str(dict));
    }
    QthWriter writer = qth_writer_open((QthBuffer){ message->room, sizeof(message->room) });
    if (id != 0) {
        write_value(&writer, id, dict, 0);
    } else {
        write_items(&writer, dict, 0);
    }
    switch (qth_writer_finish(&writer, &message->bytes.length)) {
        case QTH_WRITTEN_COMPLETE:
            message->bytes.bytes = message->room;
            return true;
        case QTH_WRITTEN_FLOAT:
            mp_raise_ValueError(MP_ERROR_TEXT("float is not finite or too large"));
        case QTH_WRITTEN_DEPTH:
            mp_raise_ValueError(MP_ERROR_TEXT("value nested too deep"));
        default:
            return false;
    }
}
