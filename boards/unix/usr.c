// The file system /usr, where applications and their files lie on a device: the folder that QTH_USR names, or `usr` where the
// firmware was started. Files of this machine's own /usr have no name for scripts.

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "extmod/vfs.h"
#include "extmod/vfs_posix.h"
#include "py/builtin.h"
#include "py/runtime.h"

#include "usr.h"

// Where the firmware was started. A script may change its folder.
static char started_in[PATH_MAX];

__attribute__((constructor)) static void remember(void) {
    if (getcwd(started_in, sizeof(started_in)) == NULL) {
        started_in[0] = '\0';
    }
}

const char *board_usr(void) {
    static char path[2 * PATH_MAX];
    const char *named = getenv("QTH_USR");
    if (named == NULL || named[0] == '\0') {
        named = "usr";
    }
    snprintf(path, sizeof(path), "%s%s%s", named[0] == '/' ? "" : started_in, named[0] == '/' ? "" : "/", named);
    return path;
}

static const char *on_this_machine(const char *path) {
    static char whole[3 * PATH_MAX];
    snprintf(whole, sizeof(whole), "%s%s", path[0] == '/' ? board_usr() : "", path);
    return whole;
}

// The current folder within /usr, or NULL where it is another.
static const char *current(void) {
    static char now[PATH_MAX];
    char usr[PATH_MAX];
    if (getcwd(now, sizeof(now)) == NULL || realpath(board_usr(), usr) == NULL) {
        return NULL;
    }
    size_t length = strlen(usr);
    if (strncmp(now, usr, length) != 0 || (now[length] != '/' && now[length] != '\0')) {
        return NULL;
    }
    return now[length] == '\0' ? "/" : now + length;
}

static mp_obj_t usr_mount(mp_obj_t self, mp_obj_t readonly, mp_obj_t mkfs) {
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(usr_mount_obj, usr_mount);

static mp_obj_t usr_getcwd(mp_obj_t self) {
    const char *path = current();
    if (path == NULL) {
        mp_raise_OSError(ENOENT);
    }
    return mp_obj_new_str_from_cstr(path);
}
static MP_DEFINE_CONST_FUN_OBJ_1(usr_getcwd_obj, usr_getcwd);

static mp_obj_t usr_chdir(mp_obj_t self, mp_obj_t path) {
    char before[PATH_MAX];
    bool knows_way_back = getcwd(before, sizeof(before)) != NULL;
    if (chdir(on_this_machine(mp_obj_str_get_str(path))) != 0) {
        mp_raise_OSError(errno);
    }
    if (current() == NULL) {
        // By `..`, to where there is nothing on a device.
        if (knows_way_back && chdir(before) != 0) {
            mp_raise_OSError(errno);
        }
        mp_raise_OSError(ENOENT);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(usr_chdir_obj, usr_chdir);

// MicroPython's own takes both paths to be the second one where its file system is a folder.
static mp_obj_t usr_rename(mp_obj_t self, mp_obj_t from, mp_obj_t to) {
    char *source = strdup(on_this_machine(mp_obj_str_get_str(from)));
    int result = source == NULL ? -1 : rename(source, on_this_machine(mp_obj_str_get_str(to)));
    int error = errno;
    free(source);
    if (result != 0) {
        mp_raise_OSError(error);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(usr_rename_obj, usr_rename);

// On a device it is always there.
static void make_folder(void) {
    char path[2 * PATH_MAX];
    strcpy(path, board_usr());
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0777);
        *slash = '/';
    }
    mkdir(path, 0777);
}

// Everything else is that of MicroPython's own file system on a folder of this machine.
static void usr_attr(mp_obj_t self, qstr name, mp_obj_t *result) {
    if (result[0] != MP_OBJ_NULL) {
        return;
    }
    switch (name) {
        case MP_QSTR_mount:
            result[0] = MP_OBJ_FROM_PTR(&usr_mount_obj);
            break;
        case MP_QSTR_getcwd:
            result[0] = MP_OBJ_FROM_PTR(&usr_getcwd_obj);
            break;
        case MP_QSTR_rename:
            result[0] = MP_OBJ_FROM_PTR(&usr_rename_obj);
            break;
        case MP_QSTR_chdir:
            make_folder();
            result[0] = MP_OBJ_FROM_PTR(&usr_chdir_obj);
            break;
        default: {
            if (name == MP_QSTR_open || name == MP_QSTR_mkdir || name == MP_QSTR_ilistdir || name == MP_QSTR_statvfs) {
                make_folder();
            }
            mp_obj_t root = mp_obj_new_str_from_cstr(board_usr());
            mp_obj_t folder = MP_OBJ_TYPE_GET_SLOT(&mp_type_vfs_posix, make_new)(&mp_type_vfs_posix, 1, 0, &root);
            mp_load_method_maybe(folder, name, result);
            return;
        }
    }
    result[1] = self;
}

static mp_import_stat_t usr_import_stat(void *self, const char *path) {
    struct stat found;
    if (stat(on_this_machine(path), &found) != 0) {
        return MP_IMPORT_STAT_NO_EXIST;
    }
    return S_ISDIR(found.st_mode) ? MP_IMPORT_STAT_DIR : S_ISREG(found.st_mode) ? MP_IMPORT_STAT_FILE
                                                                                : MP_IMPORT_STAT_NO_EXIST;
}

static const mp_vfs_proto_t usr_protocol = { .import_stat = usr_import_stat };

static MP_DEFINE_CONST_OBJ_TYPE(usr_type, MP_QSTR_usr, MP_TYPE_FLAG_NONE, attr, usr_attr, protocol, &usr_protocol);
static const mp_obj_base_t usr = { &usr_type };

mp_obj_t __real_mp_vfs_mount(size_t n_args, const mp_obj_t *args, mp_map_t *keywords);
mp_obj_t __wrap_mp_vfs_mount(size_t n_args, const mp_obj_t *args, mp_map_t *keywords);

// main() calls this once, for the root.
mp_obj_t __wrap_mp_vfs_mount(size_t n_args, const mp_obj_t *args, mp_map_t *keywords) {
    const char *named = getenv("QTH_USR");
    if (named != NULL && (strcmp(named, BOARD_USR) == 0 || strncmp(named, BOARD_USR "/", sizeof(BOARD_USR)) == 0)) {
        fprintf(stderr, "micropython: QTH_USR=%s has no name for scripts, whose /usr it would be; choose a folder elsewhere\n", named);
        exit(2);
    }
    __real_mp_vfs_mount(n_args, args, keywords);
    mp_obj_t of_usr[] = { MP_OBJ_FROM_PTR(&usr), mp_obj_new_str_from_cstr(BOARD_USR) };
    return __real_mp_vfs_mount(MP_ARRAY_SIZE(of_usr), of_usr, keywords);
}
