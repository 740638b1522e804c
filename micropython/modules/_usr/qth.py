# Stands for the package usr.libs.qth, the vendor's SDK; `_usr` gives it its names.
