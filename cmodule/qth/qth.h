// The interface between the C module and the Rust library. Made from src/ffi by `make header`: do not edit.

#ifndef QTH_H
#define QTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Largest message that a script can send, in bytes of TTLV. A build of the library may take less.
#define QTH_MESSAGE 1024

// Longest public key that packages are signed with, as PEM.
#define QTH_OTA_KEY 256

// Components of external MCUs that a script can register.
#define QTH_MCUS 8

// Handlers that a script can set: one for each kind of event, two for each MCU and for the application.
#define QTH_HANDLERS (8 + (2 * (QTH_MCUS + 1)))

// Handler of the first MCU's information; its result is the next, then come the other MCUs'.
#define QTH_MCU_HANDLERS 8

// What an event tells, and the place of its handler in the table. An MCU's handlers follow from its component.
typedef enum QthKind {
  // `devEvent(number, result)`.
  QTH_KIND_DEV_EVENT,
  // `recvTrans(bytes)`.
  QTH_KIND_RECV_TRANS,
  // `recvTsl`: bytes are a TTLV message.
  QTH_KIND_RECV_TSL,
  // `readTsl`: bytes are ids of two bytes, the number is the package id.
  QTH_KIND_READ_TSL,
  // `readTslServer`: bytes are a TTLV message that holds the service's struct, the number is the package id.
  QTH_KIND_READ_TSL_SERVER,
  // `otaPlan`: bytes are for `qth_plan_component`.
  QTH_KIND_OTA_PLAN,
  // `fotaResult`: bytes are the component, the number is 1 for success.
  QTH_KIND_FOTA_RESULT,
  // The application's package is there, and can be read by `qth_mcu_read`.
  QTH_KIND_APP_PACKAGE,
  // An MCU's `infoCB`: bytes are for `qth_mcu_file`.
  QTH_KIND_MCU_INFO,
  // An MCU's `resultCB`, like `FotaResult`.
  QTH_KIND_MCU_RESULT,
} QthKind;

// A text that names the board or something of it.
typedef enum QthName {
  // Module type, which is the module's component too: at most 32 characters.
  QTH_NAME_MODULE,
  // Device key, IMEI or MAC: at most 16 characters.
  QTH_NAME_DEVICE_KEY,
  // ICCID of the SIM card; none without one.
  QTH_NAME_ICCID,
  // Center to connect to unless the script names one, `mqtt://host:port`.
  QTH_NAME_SERVER,
} QthName;

// How the opening of a link goes.
typedef enum QthOpening {
  // It goes on.
  QTH_OPENING_PENDING,
  // The link is open.
  QTH_OPENING_OPEN,
  // The host's name was not resolved.
  QTH_OPENING_NOT_RESOLVED,
  // The host can't be reached.
  QTH_OPENING_FAILED,
  // There is no network. While a new firmware is on trial this time does not count.
  QTH_OPENING_NO_NETWORK,
} QthOpening;

// Why an application was not upgraded.
typedef enum QthFault {
  // Its package can't be unpacked.
  QTH_FAULT_ARCHIVE,
  // It was tried before and reverted.
  QTH_FAULT_KNOWN_BAD,
  // It did not start, and the one before is back.
  QTH_FAULT_DID_NOT_START,
  // There is no space for it.
  QTH_FAULT_SPACE,
} QthFault;

// What a TTLV item holds.
typedef enum QthType {
  // True or false.
  QTH_TYPE_BOOL,
  // An integer.
  QTH_TYPE_INT,
  // A number with decimals, or beyond the range of an integer.
  QTH_TYPE_FLOAT,
  // Text.
  QTH_TYPE_TEXT,
  // Bytes that are no text.
  QTH_TYPE_BYTES,
  // Items with ids.
  QTH_TYPE_STRUCT,
  // Items without ids.
  QTH_TYPE_ARRAY,
} QthType;

// How the writing of a message went.
typedef enum QthWritten {
  // The message is there.
  QTH_WRITTEN_COMPLETE,
  // It is too large.
  QTH_WRITTEN_FULL,
  // An id is out of range.
  QTH_WRITTEN_ID,
  // A float is not finite, or too large.
  QTH_WRITTEN_FLOAT,
  // Structs lie too deep in each other.
  QTH_WRITTEN_DEPTH,
} QthWritten;

// Bytes that nobody writes to as long as they are used: until the function that they are passed to returns, unless it says
// otherwise.
typedef struct QthBytes {
  // The first; null only where there are none.
  const uint8_t *bytes;
  // Number of bytes.
  size_t length;
} QthBytes;

// One event. The bytes are valid until the handler returns.
typedef struct QthEvent {
  // What it tells.
  enum QthKind kind;
  // See the kind.
  int32_t number;
  // See the kind.
  int32_t result;
  // See the kind.
  struct QthBytes bytes;
} QthEvent;

// Room to write to, which nobody else uses meanwhile. It may never have been written to before.
typedef struct QthBuffer {
  // The first byte; null only where there are none.
  uint8_t *bytes;
  // Number of bytes.
  size_t size;
} QthBuffer;

// What the board measures of itself.
typedef struct QthMeasures {
  // Battery in percent.
  uint8_t battery;
  // Supply voltage in millivolts.
  uint16_t millivolts;
  // Signal strength in dBm.
  int16_t signal;
  // Free space for an upgrade in bytes.
  uint32_t free;
} QthMeasures;

// The flash that holds records and slots. Places and lengths are multiples of what it erases at once. Offsets are from the
// flash's start, as its functions get them. They return false when the flash fails.
typedef struct QthFlash {
  // Bytes that it erases at once: `QTH_ERASE_SIZE` of the library's build, else `qth_init` refuses the board.
  uint32_t erase_size;
  // Bytes that it writes at once: `QTH_WRITE_SIZE` of the library's build, else `qth_init` refuses the board.
  uint32_t write_size;
  // Where records begin.
  uint32_t records;
  // Size of one bank of records, with room for all of them: 8192 bytes are enough for the sizes that the library has by
  // default, 4096 without packages.
  uint32_t bank;
  // Banks, three at the least.
  uint32_t banks;
  // Where the two slots for firmware begin.
  uint32_t slots[2];
  // Size of each slot; 0 on a board that has none, which then can't upgrade its own firmware.
  uint32_t slot;
  // Size of the staging area, at the second slot's place, on a board with one slot; less than a slot. 0: there are two slots.
  uint32_t staging;
  // The bootloader chooses between the slots, and has started this firmware out of one.
  bool started_by_slot;
  // Starts that a new firmware has to prove itself, of which each crash uses up one; 0: ten. A board whose reset hook calls
  // `qth_before_reset` can do with three.
  uint32_t trial_starts;
  // Seconds that a new firmware has to reach the Center while there is a network; 0: 20 minutes.
  uint32_t trial_seconds;
  // The same in all, with the time in which there is no network; 0: a day.
  uint32_t trial_limit_seconds;
  // Fills `room` with the bytes from `offset` on.
  bool (*read)(uint32_t offset, struct QthBuffer room);
  // Writes bytes to erased flash; number and place are multiples of `write_size`.
  bool (*write)(uint32_t offset, struct QthBytes bytes);
  // Erases `length` bytes, a multiple of `erase_size`, to 0xff.
  bool (*erase)(uint32_t offset, uint32_t length);
} QthFlash;

// Text: bytes of UTF-8, not terminated.
typedef struct QthBytes QthText;

// TCP for the two links of a device, 0 and 1. Nothing here may wait longer than it takes to resolve a name.
typedef struct QthNetwork {
  // Begins to open a link to a host.
  enum QthOpening (*open)(uint8_t link, QthText host, uint16_t port);
  // How the opening goes.
  enum QthOpening (*opening)(uint8_t link);
  // Sends; returns how many bytes were taken, 0 when there is no room now, -1 when the link is broken.
  int32_t (*send)(uint8_t link, struct QthBytes bytes);
  // Receives; returns how many bytes came, 0 when there are none now, -1 when the peer has closed or the link is broken.
  int32_t (*receive)(uint8_t link, struct QthBuffer room);
  // Closes a link, open or not.
  void (*close)(uint8_t link);
} QthNetwork;

// A board without an operating system: what it is, and what it does for the library in the interpreter's thread. No exception
// leaves its functions, and they keep no pointer.
typedef struct QthBoard {
  // Milliseconds of a clock that never goes back; it may begin again at 0 after 2³² - 1. May be called in an interrupt.
  uint32_t (*millis)(void);
  // Fills `room` with random numbers fit for secrets.
  void (*random)(struct QthBuffer room);
  // Writes a name, UTF-8 and not terminated, to `room`; returns its length, 0 where there is none.
  size_t (*name)(enum QthName name, struct QthBuffer room);
  // Measures.
  void (*measure)(struct QthMeasures *measures);
  // Its flash.
  struct QthFlash flash;
  // Its network.
  struct QthNetwork network;
} QthBoard;

// What C does for the library. No exception leaves these functions, and they keep no pointer.
typedef struct QthHost {
  // Calls the callable behind a handle, in the interpreter's thread, and reports what it raises; false: the delivery
  // is to stop here, as after Ctrl-C.
  bool (*call)(uint32_t handle, const struct QthEvent *event);
  // Has `qth_deliver` called soon in the interpreter's thread. Called where the driver runs.
  void (*events_wait)(void);
  // Restarts the board. Called where the driver runs.
  void (*restart)(void);
  // The board, which stays; null on a host, where the library itself is the board.
  const struct QthBoard *board;
} QthHost;

// Ids that nobody writes to as long as they are used, like bytes.
typedef struct QthIds {
  // The first; null only where there are none.
  const uint16_t *ids;
  // Number of ids.
  size_t count;
} QthIds;

// One component of a plan. What the plan does not carry is 0 or empty.
typedef struct QthComponent {
  // 0 module, 1 MCU.
  uint8_t kind;
  // Minimum battery in percent.
  uint8_t battery;
  // Minimum signal in dBm.
  int16_t signal;
  // Required space in bytes.
  uint32_t space;
  // Component.
  QthText name;
  // Version that it starts from.
  QthText source;
  // Version that it leads to.
  QthText target;
} QthComponent;

// The package for an MCU.
typedef struct QthFile {
  // Component.
  QthText component;
  // Version that the package leads to.
  QthText version;
  // Address of the package.
  QthText url;
  // MD5, hexadecimal.
  QthText md5;
  // CRC-32/MPEG-2, hexadecimal.
  QthText crc;
  // Size in bytes.
  uint32_t size;
} QthFile;

// A reader of TTLV items, which C may copy; its inside is the library's.
typedef struct QthReader {
  size_t inside[4];
} QthReader;

// One TTLV item. Of the values, the one that its type names is there.
typedef struct QthItem {
  // 1 to 8191; 0 for an element of an array.
  uint16_t id;
  // What it holds.
  enum QthType kind;
  // `Bool`.
  bool boolean;
  // `Int`.
  int64_t integer;
  // `Float`.
  double real;
  // `Text`, `Bytes`.
  struct QthBytes bytes;
  // `Struct`, `Array`.
  struct QthReader items;
} QthItem;

// A writer of a TTLV message; its inside is the library's.
typedef struct QthWriter {
  size_t inside[16];
} QthWriter;

// Makes the device and starts its driver; true also when both are there already. `version` is the firmware's.
bool qth_init(const struct QthHost *host, QthText version);

// The interpreter goes away, as at a soft reset: no handler is called any more, and the device disconnects.
void qth_detach(void);

// The board is about to be reset in an orderly way, by a script or a power key: a firmware on trial keeps its start, and the
// time that its trial has lasted. Call it in the reset hook, from the interpreter's thread; not from an interrupt.
void qth_before_reset(void);

// Connects, and keeps connected; false, and told, while product key and secret are not set.
bool qth_start(void);

// Disconnects.
void qth_stop(void);

// Returns whether the device was started and not stopped since.
bool qth_is_started(void);

// Returns whether the device is connected and subscribed.
bool qth_is_online(void);

// Returns whether a connection is open: after `qth_stop`, whether the farewell has not left yet.
bool qth_has_link(void);

// Forgets the device secret and connects anew.
void qth_reset(void);

// Sets product key and secret; returns whether they are valid.
bool qth_set_product(QthText pk, QthText ps);

// Sets the Center's address; returns whether it is valid.
bool qth_set_server(QthText url);

// Sets the keep alive; returns whether it is valid.
bool qth_set_lifetime(uint32_t seconds);

// Replaces the board's device key; returns whether the new one is valid.
bool qth_set_device_key(QthText dk);

// Replaces the firmware's version; returns whether the new one is valid.
bool qth_set_version(QthText version);

// Asks for an encrypted session from the next connection on; false before `qth_init`, and where the library has none.
bool qth_set_encrypted_session(bool encrypted);

// Returns whether an encrypted session is asked for.
bool qth_encrypted_session(void);

// Whether `qth_drive` is due; never on a host, whose driver has a thread of its own. May be asked in an interrupt.
bool qth_is_due(void);

// Runs the driver, in the interpreter's thread.
void qth_drive(void);

// Sends transparent data with QoS `mode`; returns whether it was taken.
bool qth_send_transparent(uint8_t mode, struct QthBytes bytes);

// Sends a TSL report, a TTLV message, with QoS `mode`; returns whether it was taken.
bool qth_send_tsl(uint8_t mode, struct QthBytes message);

// Answers the TSL read with this package id; returns whether the answer was taken.
bool qth_answer_tsl(uint8_t mode, uint16_t package, struct QthBytes message);

// Answers the service call with this package id; returns whether the answer was taken.
bool qth_answer_service(uint8_t mode, uint16_t package, struct QthBytes message);

// Reports a location: sentences joined by `;`; false also when one of them has a wrong checksum.
bool qth_send_location(QthText sentences);

// Writes the device status with these ids to `out` as a TTLV message; returns its length.
size_t qth_status(struct QthIds ids, struct QthBuffer out);

// Writes the device information with these ids to `out` as a TTLV message; returns its length.
size_t qth_information(struct QthIds ids, struct QthBuffer out);

// Reports the device status with these ids; returns whether the report was taken.
bool qth_send_status(struct QthIds ids);

// Reports the device information with these ids; returns whether the report was taken.
bool qth_send_information(struct QthIds ids);

// Answers the read of device status with this package id; returns whether the answer was taken.
bool qth_answer_status(uint16_t package, struct QthIds ids);

// Answers the read of device information with this package id; returns whether the answer was taken.
bool qth_answer_information(uint16_t package, struct QthIds ids);

// Asks for plans; returns whether the device is connected.
bool qth_ota_request(bool with_sha256);

// Accepts (1) or refuses (0) the plan, asks for the next piece (2), says that the MCU is being updated (3); returns whether
// that applies.
bool qth_ota_action(uint8_t action);

// The name of the component that is the Python application.
QthText qth_application(void);

// Reads from the downloaded package of an MCU to `out`; returns the number of bytes, 0 while no package is there, and
// behind its end.
size_t qth_mcu_read(uint32_t offset, struct QthBuffer out);

// Sets the public key that packages must be signed with, in PEM. False for every key where the library is built without
// packages.
bool qth_set_ota_key(QthText pem);

// Writes the public key that packages must be signed with to `out`; returns its length, 0 when none is set or it is longer
// than `out`.
size_t qth_ota_key(struct QthBuffer out);

// The application's package could not be installed, or what was installed did not run; false when none is in progress.
bool qth_application_failed(enum QthFault fault);

// Tells the version that an MCU runs; returns whether it is valid.
bool qth_set_mcu_version(QthText component, QthText version);

// The component at this place of a plan; false after the last. Its texts lie in the plan's bytes.
bool qth_plan_component(struct QthBytes plan, size_t place, struct QthComponent *out);

// Reads the bytes of an event of the kind `McuInfo`, in which the file's texts lie; false when they are malformed.
bool qth_mcu_file(struct QthBytes bytes, struct QthFile *out);

// Sets the handler at a place of the table: a closure over the handle, which the host calls for it.
void qth_set_handler(size_t place, uint32_t handle);

// The place of an MCU's two handlers, from [`QTH_MCU_HANDLERS`] on, which it gets if it has none yet; -1 when its name
// is no good or there are too many.
int32_t qth_mcu_handlers(QthText component);

// Delivers waiting events, each to its handler. Only in the interpreter's thread; from inside a handler it does nothing.
void qth_deliver(void);

// Makes a reader of a TTLV message, which stays as long as the reader is used; false when the message is malformed. An empty
// one has no items.
bool qth_reader_open(struct QthReader *reader,
                     struct QthBytes message);

// The next item; false after the last.
bool qth_reader_next(struct QthReader *reader, struct QthItem *item);

// A writer of a message into `buffer`, which stays as long as the writer is used. The functions below write an item each;
// `qth_writer_finish` tells how it went.
struct QthWriter qth_writer_open(struct QthBuffer buffer);

// Writes true or false.
void qth_writer_bool(struct QthWriter *writer, uint16_t id, bool value);

// Writes an integer.
void qth_writer_int(struct QthWriter *writer, uint16_t id, int64_t value);

// Writes a float.
void qth_writer_float(struct QthWriter *writer, uint16_t id, double value);

// Writes bytes or text.
void qth_writer_bytes(struct QthWriter *writer, uint16_t id, struct QthBytes bytes);

// Begins a struct or an array, whose elements have id 0.
void qth_writer_begin(struct QthWriter *writer, uint16_t id);

// Ends the struct or array that was begun last.
void qth_writer_end(struct QthWriter *writer);

// How it went, and the length of the message.
enum QthWritten qth_writer_finish(struct QthWriter *writer, size_t *length);

#endif  /* QTH_H */
