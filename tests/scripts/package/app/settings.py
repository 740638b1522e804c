print("settings are loaded")
PRODUCT = ("p111xt", "V2VUei9ZVWt2SnpL")
