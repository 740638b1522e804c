# A package in /usr that names its own parts, and the module, in every way there is.
import app.settings
import Qth
import usr.Qth
from usr.app import client
from usr.app.settings import PRODUCT

print("one module:", usr.Qth is Qth, client.Qth is Qth, app.settings.PRODUCT is PRODUCT)
client.start(*PRODUCT)
