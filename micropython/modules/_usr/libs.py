# Stands for the package usr.libs where a script has none; `_usr` gives it its names.
