"""What identifies the device."""

def getDevImei() -> str:
    """The IMEI.

    Simulated: `QTH_DK`, or 860123000000009."""

def getDevModel() -> str:
    """The model.

    Simulated: QTH-UNIX."""

def getDevSN() -> str:
    """The serial number.

    Simulated: by the IMEI."""

def getDevFwVersion() -> str:
    """The firmware's version."""

def getDevProductId() -> str:
    """The maker's number.

    Simulated: Qth."""

def getDevMAC() -> str:
    """The address of its Wi-Fi.

    Simulated: by the IMEI."""
