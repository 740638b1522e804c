# The standard modules by the names that device scripts import.
import ubinascii
import uhashlib
import ujson
import uos
import ure
import usocket
import ustruct
import usys
import utime

print(ujson.loads(ujson.dumps({"a": [1, None]})))
print(ure.match(r"(\d+)\.", "12.3").group(1))
print(ubinascii.hexlify(uhashlib.sha256(b"abc").digest())[:8])
print(ustruct.unpack("<H", b"\x01\x02"))
print(utime.ticks_diff(utime.ticks_ms(), utime.ticks_ms()) <= 0)
usocket.socket().close()
print(usys.implementation.name, "getenv" in dir(uos))
