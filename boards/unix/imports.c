// Imports as on a device: what lies in /usr is part of the package `usr`, by whatever name a script asks for it, so that
// `import libs.x` and `import usr.libs.x` are one module. The frozen package `_usr` stands for `usr` itself.

#include <string.h>
#include <sys/stat.h>

#include "py/builtin.h"
#include "py/frozenmod.h"
#include "py/lexer.h"
#include "py/objmodule.h"
#include "py/objstr.h"
#include "py/runtime.h"

#include "usr.h"

#define USR "usr"
#define FROZEN ".frozen"

static mp_obj_t loaded(qstr name) {
    mp_map_elem_t *found = mp_map_lookup(&MP_STATE_VM(mp_loaded_modules_dict).map, MP_OBJ_NEW_QSTR(name), MP_MAP_LOOKUP);
    return found == NULL ? MP_OBJ_NULL : found->value;
}

static qstr in_usr(const char *name, size_t length) {
    vstr_t full;
    vstr_init(&full, sizeof(USR) + length);
    vstr_add_str(&full, USR ".");
    vstr_add_strn(&full, name, length);
    qstr result = qstr_from_strn(full.buf, full.len);
    vstr_clear(&full);
    return result;
}

// Whether an entry of sys.path is the folder of /usr, by this name or the one that it has on this machine.
static bool is_usr_folder(const char *entry) {
    struct stat of_usr, of_entry;
    return strcmp(entry, BOARD_USR) == 0 ||
           (stat(board_usr(), &of_usr) == 0 && stat(entry[0] == '\0' ? "." : entry, &of_entry) == 0 &&
               of_usr.st_dev == of_entry.st_dev && of_usr.st_ino == of_entry.st_ino);
}

static mp_import_stat_t stat_of(const char *path) {
    bool is_frozen = strncmp(path, FROZEN "/", sizeof(FROZEN)) == 0;
    return is_frozen ? mp_find_frozen_module(path + sizeof(FROZEN), NULL, NULL) : mp_import_stat(path);
}

// Whether an entry of sys.path has a module or package of this name.
static bool has_module(const char *entry, const char *name) {
    static const char *const endings[] = { "", ".py", ".mpy" };
    bool found = false;
    vstr_t path;
    vstr_init(&path, 64);
    for (size_t i = 0; i < MP_ARRAY_SIZE(endings) && !found; i++) {
        vstr_reset(&path);
        vstr_printf(&path, "%s%s%s%s", entry, entry[0] == '\0' ? "" : "/", name, endings[i]);
        found = stat_of(vstr_null_terminated_str(&path)) == (i == 0 ? MP_IMPORT_STAT_DIR : MP_IMPORT_STAT_FILE);
    }
    vstr_clear(&path);
    return found;
}

// Whether the first entry of sys.path that has this module is /usr. Other file systems are asked only where it may be.
static bool comes_from_usr(const char *name) {
    size_t count, usr = 0;
    mp_obj_t *entries;
    mp_obj_get_array(mp_sys_path, &count, &entries);
    while (usr < count && !is_usr_folder(mp_obj_str_get_str(entries[usr]))) {
        usr++;
    }
    if (usr == count || !has_module(mp_obj_str_get_str(entries[usr]), name)) {
        return false;
    }
    for (size_t i = 0; i < usr; i++) {
        if (has_module(mp_obj_str_get_str(entries[i]), name)) {
            return false;
        }
    }
    return true;
}

// A top-level name that stands for a module of `usr`: loaded under that name before, or found there now.
static bool is_alias(qstr name) {
    mp_obj_t module = loaded(name);
    if (module != MP_OBJ_NULL) {
        return module == loaded(in_usr(qstr_str(name), qstr_len(name)));
    }
    return mp_module_get_builtin(name, false) == MP_OBJ_NULL && comes_from_usr(qstr_str(name));
}

static bool is_written_in_python(mp_obj_t module) {
    return module != MP_OBJ_NULL && mp_obj_is_type(module, &mp_type_module) && !mp_obj_module_get_globals(module)->map.is_fixed;
}

// Modules that `_usr` registers are not yet attributes of packages that the script itself has there:
// `import usr.libs.qth.qth_init as x` reads them as such.
static void attach_to_parents(const char *name, size_t length) {
    mp_obj_t parent = MP_OBJ_NULL;
    size_t start = 0;
    for (size_t end = 1; end <= length; end++) {
        if (end < length && name[end] != '.') {
            continue;
        }
        mp_obj_t module = loaded(qstr_from_strn(name, end));
        if (is_written_in_python(parent) && module != MP_OBJ_NULL) {
            mp_store_attr(parent, qstr_from_strn(name + start, end - start), module);
        }
        parent = module;
        start = end + 1;
    }
}

static mp_obj_t import_as(qstr name, size_t n_args, const mp_obj_t *args) {
    mp_obj_t renamed[5];
    memcpy(renamed, args, n_args * sizeof(*args));
    renamed[0] = MP_OBJ_NEW_QSTR(name);
    return board_import(n_args, renamed);
}

static bool finds_frozen_modules(void) {
    size_t count;
    mp_obj_t *entries;
    mp_obj_get_array(mp_sys_path, &count, &entries);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(mp_obj_str_get_str(entries[i]), FROZEN) == 0) {
            return true;
        }
    }
    return false;
}

// Why this board does not have a module that devices have, or NULL: micropython/modules/_absent.py knows.
static const char *reason_of_absence(qstr name) {
    if (!finds_frozen_modules()) {
        return NULL;
    }
    mp_obj_t modules = mp_load_attr(mp_import_name(MP_QSTR__absent, mp_const_none, MP_OBJ_NEW_SMALL_INT(0)), MP_QSTR_MODULES);
    mp_map_elem_t *found = mp_map_lookup(mp_obj_dict_get_map(modules), MP_OBJ_NEW_QSTR(name), MP_MAP_LOOKUP);
    return found == NULL ? NULL : mp_obj_str_get_str(found->value);
}

static bool is_error(void *raised, const mp_obj_type_t *type) {
    return mp_obj_is_subclass_fast(MP_OBJ_FROM_PTR(((mp_obj_base_t *)raised)->type), MP_OBJ_FROM_PTR(type));
}

static mp_obj_t import_or_explain(qstr first, size_t n_args, const mp_obj_t *args) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_obj_t module = mp_builtin___import___default(n_args, args);
        nlr_pop();
        return module;
    }
    if (is_error(nlr.ret_val, &mp_type_ImportError) && loaded(first) == MP_OBJ_NULL) {
        const char *reason = reason_of_absence(first);
        if (reason != NULL) {
            mp_raise_msg_varg(&mp_type_ImportError, MP_ERROR_TEXT("'%q' is there on a device; this board does not simulate it: %s"), first, reason);
        }
    }
    nlr_jump(nlr.ret_val);
}

mp_obj_t __real_mp_import_from(mp_obj_t module, qstr name);
mp_obj_t __wrap_mp_import_from(mp_obj_t module, qstr name);

// `from module import name`: that a module's __getattr__ does not know the name is told as it is told of other modules.
mp_obj_t __wrap_mp_import_from(mp_obj_t module, qstr name) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_obj_t found = __real_mp_import_from(module, name);
        nlr_pop();
        return found;
    }
    if (is_error(nlr.ret_val, &mp_type_AttributeError)) {
        mp_raise_type_arg(&mp_type_ImportError, mp_obj_exception_get_value(MP_OBJ_FROM_PTR(nlr.ret_val)));
    }
    nlr_jump(nlr.ret_val);
}

static bool is_usr(const char *name, size_t length) {
    return length == sizeof(USR) - 1 && memcmp(name, USR, length) == 0;
}

// QuecPython's modules of which MicroPython would take the names for aliases of its own: `utime` for `time`. They are frozen as
// `_utime` and so on.
static bool hides_alias(qstr name) {
    return name == MP_QSTR_utime || name == MP_QSTR_uio || name == MP_QSTR_ujson || name == MP_QSTR_uwebsocket;
}

static void load_in_place_of_alias(qstr name, const mp_obj_t *args) {
    vstr_t frozen;
    vstr_init(&frozen, 16);
    vstr_printf(&frozen, "_%q", name);
    qstr frozen_name = qstr_from_strn(frozen.buf, frozen.len);
    vstr_clear(&frozen);
    mp_obj_t module = import_as(frozen_name, 1, args);
    mp_obj_dict_store(MP_OBJ_FROM_PTR(&MP_STATE_VM(mp_loaded_modules_dict)), MP_OBJ_NEW_QSTR(name), module);
}

// MicroPython calls this for each import, see py/builtin.h: name, globals, locals, names that are imported, level.
mp_obj_t board_import(size_t n_args, const mp_obj_t *args) {
    bool is_relative = n_args >= 5 && args[4] != MP_OBJ_NEW_SMALL_INT(0);
    size_t length;
    const char *name = mp_obj_str_get_data(args[0], &length);
    const char *dot = memchr(name, '.', length);
    size_t first_length = dot == NULL ? length : (size_t)(dot - name);
    if (is_relative || first_length == 0) {
        return mp_builtin___import___default(n_args, args);
    }
    if (is_usr(name, first_length)) {
        if (loaded(MP_QSTR_usr) == MP_OBJ_NULL) {
            import_as(MP_QSTR__usr, 1, args);
        }
        mp_obj_t module = mp_builtin___import___default(n_args, args);
        attach_to_parents(name, length);
        return module;
    }
    qstr first = qstr_from_strn(name, first_length);
    if (hides_alias(first) && loaded(first) == MP_OBJ_NULL && finds_frozen_modules()) {
        load_in_place_of_alias(first, args);
    }
    if (!is_alias(first)) {
        return import_or_explain(first, n_args, args);
    }
    mp_obj_t leaf = import_as(in_usr(name, length), n_args, args);
    mp_obj_t top = loaded(in_usr(name, first_length));
    mp_obj_dict_store(MP_OBJ_FROM_PTR(&MP_STATE_VM(mp_loaded_modules_dict)), MP_OBJ_NEW_QSTR(first), top);
    bool wants_leaf = n_args >= 4 && args[3] != mp_const_none;
    return wants_leaf ? leaf : top;
}
