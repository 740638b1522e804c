// Python objects and TTLV messages.
#ifndef QTH_VALUES_H
#define QTH_VALUES_H

#include "py/obj.h"

#include "qth.h"

// The dict {id: value} of a message; an empty dict when the message is malformed.
mp_obj_t qth_dict_of_message(QthBytes message);

// The object of an item's value: bool, int, float, str, bytes, dict or list.
mp_obj_t qth_object_of_item(const QthItem *item);

mp_obj_t qth_str_of_text(QthText text);

// A message of a script, and the room that it lies in.
typedef struct _qth_message_t {
    QthBytes bytes;
    uint8_t room[QTH_MESSAGE];
} qth_message_t;

// Writes a dict {id: value} as a message, as a struct under an id unless that is 0; false when it is too large. Raises
// TypeError and ValueError for what can't be written at all.
bool qth_message_of_dict(mp_obj_t dict, uint16_t id, qth_message_t *message);

#endif
