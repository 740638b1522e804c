// A peer: HPatchLite with tinyuz, which applies patches made by HDiffPatch's diff_lite. From memory to memory, as delta.rs does it.

#include <string.h>

#include "hpatch_lite.h"
#include "tuz_dec.h"

// As much memory as the standard decoder of a delta has, most of it for tinyuz's window.
#define WINDOW (4096)
#define CACHE (512)

typedef struct {
    hpatchi_listener_t listener;
    tuz_TStream stream;
    tuz_byte window[WINDOW + CACHE];
    hpi_byte cache[CACHE];
    const hpi_byte *old, *patch, *patch_end;
    hpi_byte *new, *new_end;
} peer_t;

static peer_t peer;

unsigned peer_memory(void) {
    return sizeof(peer);
}

static hpi_BOOL read_patch(void *handle, hpi_byte *bytes, unsigned *length) {
    (void)handle;
    unsigned left = peer.patch_end - peer.patch;
    if (*length > left) {
        *length = left;
    }
    memcpy(bytes, peer.patch, *length);
    peer.patch += *length;
    return hpi_TRUE;
}

static hpi_BOOL read_unpacked(void *handle, hpi_byte *bytes, unsigned *length) {
    (void)handle;
    return tuz_TStream_decompress_partial(&peer.stream, bytes, length) <= tuz_STREAM_END;
}

static hpi_BOOL read_old(hpatchi_listener_t *listener, hpi_pos_t from, hpi_byte *bytes, hpi_size_t length) {
    (void)listener;
    memcpy(bytes, peer.old + from, length);
    return hpi_TRUE;
}

static hpi_BOOL write_new(hpatchi_listener_t *listener, const hpi_byte *bytes, hpi_size_t length) {
    (void)listener;
    if (length > (hpi_size_t)(peer.new_end - peer.new)) {
        return hpi_FALSE;
    }
    memcpy(peer.new, bytes, length);
    peer.new += length;
    return hpi_TRUE;
}

// 1: the new image was made, of as many bytes as it has to have.
unsigned peer_apply(const hpi_byte *old, const hpi_byte *patch, unsigned patch_length, hpi_byte *new, unsigned new_length) {
    peer.listener = (hpatchi_listener_t){ NULL, read_unpacked, read_old, write_new };
    peer.old = old;
    peer.patch = patch;
    peer.patch_end = patch + patch_length;
    peer.new = new;
    peer.new_end = new + new_length;
    hpi_compressType compression;
    hpi_pos_t size, unpacked;
    if (!hpatch_lite_open(NULL, read_patch, &compression, &size, &unpacked) || compression != hpi_compressType_tuz) {
        return 0;
    }
    tuz_size_t window = tuz_TStream_read_dict_size(NULL, read_patch);
    return window > 0 && window <= WINDOW &&
           tuz_TStream_open(&peer.stream, NULL, read_patch, peer.window, window, CACHE) == tuz_OK &&
           hpatch_lite_patch(&peer.listener, size, peer.cache, CACHE) && peer.new == peer.new_end;
}
