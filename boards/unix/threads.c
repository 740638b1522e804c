// The threads of scripts: how many live, what stack they have, who gets Ctrl-C, and how they share the interpreter's lock.

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#include "py/mphal.h"
#include "py/mpthread.h"
#include "py/runtime.h"

#include "callbacks.h"
#include "threads.h"

// Scripts ask for what is enough on a device; this machine's frames are larger.
#define LEAST_STACK (64 * 1024)
// How often a thread lets another one go first that does not come, as one that has just ended.
#define COURTESY (1000)

// Interrupts what a thread waits for that has to end.
#define WAKE_SIGNAL (SIGUSR2)
// How often such a thread is woken, a millisecond apart: it may just have been about to wait.
#define WAKE_TRIES (50)

typedef struct _thread_t {
    pthread_t id;
    mp_state_thread_t *state; // NULL until it runs
    bool is_stopped;          // by another one: it ends as soon as it can
    struct _thread_t *next;
} thread_t;

// All but the main thread. Changed under the interpreter's lock only, as what the threads hold.
static thread_t *threads;
static _Thread_local thread_t *self;

// Raised by threads that are stopped; its traceback is nobody's.
MP_REGISTER_ROOT_POINTER(mp_obj_t board_thread_exit);

static thread_t *find(pthread_t id) {
    thread_t *thread = threads;
    while (thread != NULL && !pthread_equal(thread->id, id)) {
        thread = thread->next;
    }
    return thread;
}

bool board_thread_runs(mp_uint_t id) {
    thread_t *thread = find((pthread_t)id);
    return thread != NULL && !thread->is_stopped;
}

int board_script_threads(void) {
    int count = 0;
    for (thread_t *thread = threads; thread != NULL; thread = thread->next) {
        count += !thread->is_stopped;
    }
    return count - qth_callbacks_run();
}

static void raise_in(thread_t *thread) {
    if (thread->state != NULL && thread->state->mp_pending_exception == MP_OBJ_NULL) {
        thread->state->mp_pending_exception = MP_STATE_VM(board_thread_exit);
    }
}

static void do_nothing(int signal) {
}

void board_thread_stop(mp_uint_t id) {
    pthread_t thread_id = (pthread_t)id;
    thread_t *thread = find(thread_id);
    if (thread == NULL) {
        return;
    }
    struct sigaction wake = { .sa_handler = do_nothing };
    sigaction(WAKE_SIGNAL, &wake, NULL);
    MP_STATE_VM(board_thread_exit) = mp_obj_new_exception(&mp_type_SystemExit);
    thread->is_stopped = true;
    // Another one may get its number and place when it has ended.
    for (int tries = 0; tries < WAKE_TRIES && find(thread_id) == thread && thread->is_stopped; tries++) {
        raise_in(thread);
        pthread_kill(thread_id, WAKE_SIGNAL);
        board_pause(1000);
    }
}

static sigset_t block_ctrl_c(void) {
    sigset_t ctrl_c, before;
    sigemptyset(&ctrl_c);
    sigaddset(&ctrl_c, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ctrl_c, &before);
    return before;
}

mp_uint_t __real_mp_thread_create(void *(*entry)(void *), void *argument, size_t *stack_size);
mp_uint_t __wrap_mp_thread_create(void *(*entry)(void *), void *argument, size_t *stack_size);

mp_uint_t __wrap_mp_thread_create(void *(*entry)(void *), void *argument, size_t *stack_size) {
    if (*stack_size < LEAST_STACK) {
        *stack_size = LEAST_STACK;
    }
    // Ctrl-C has to end the system call of the main thread. A thread begins with the mask of the one that starts it.
    sigset_t before = block_ctrl_c();
    nlr_buf_t nlr;
    if (nlr_push(&nlr) != 0) {
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        nlr_jump(nlr.ret_val);
    }
    mp_uint_t id = __real_mp_thread_create(entry, argument, stack_size);
    nlr_pop();
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    thread_t *thread = malloc(sizeof(*thread));
    if (thread == NULL) {
        abort();
    }
    *thread = (thread_t){ .id = (pthread_t)id, .next = threads };
    threads = thread;
    return id;
}

void __real_mp_thread_start(void);
void __wrap_mp_thread_start(void);

// The new thread calls it, with the lock.
void __wrap_mp_thread_start(void) {
    self = find(pthread_self());
    self->state = mp_thread_get_state();
    __real_mp_thread_start();
}

void __real_mp_thread_gc_others(void);
void __wrap_mp_thread_gc_others(void);

// The collector waits here until each other thread has marked what it holds. The port takes an interrupted wait for a finished one,
// and would free what that thread still uses.
void __wrap_mp_thread_gc_others(void) {
    sigset_t before = block_ctrl_c();
    __real_mp_thread_gc_others();
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void __real_mp_thread_finish(void);
void __wrap_mp_thread_finish(void);

void __wrap_mp_thread_finish(void) {
    thread_t **link = &threads;
    while (*link != self) {
        link = &(*link)->next;
    }
    *link = self->next;
    free(self);
    self = NULL;
    __real_mp_thread_finish();
}

// Threads that wait for the interpreter's lock, how often it was taken, and who has taken it last.
static atomic_int waiting;
static atomic_uint turns;
static pthread_t last;

int __real_mp_thread_mutex_lock(mp_thread_mutex_t *mutex, int wait);
int __wrap_mp_thread_mutex_lock(mp_thread_mutex_t *mutex, int wait);

// A mutex goes to whoever asks first, which is the thread that has just let go of it: the others would hardly ever get it.
int __wrap_mp_thread_mutex_lock(mp_thread_mutex_t *mutex, int wait) {
    if (mutex != &MP_STATE_VM(gil_mutex)) {
        return __real_mp_thread_mutex_lock(mutex, wait);
    }
    unsigned turn = atomic_load(&turns);
    if (pthread_equal(last, pthread_self())) {
        for (int i = 0; i < COURTESY && atomic_load(&waiting) > 0 && atomic_load(&turns) == turn; i++) {
            sched_yield();
        }
    }
    atomic_fetch_add(&waiting, 1);
    int result = __real_mp_thread_mutex_lock(mutex, wait);
    atomic_fetch_sub(&waiting, 1);
    atomic_fetch_add(&turns, 1);
    last = pthread_self();
    if (self != NULL && self->is_stopped) {
        // Again, should the script have caught it.
        raise_in(self);
    }
    return result;
}

void board_pause(unsigned microseconds) {
    MP_THREAD_GIL_EXIT();
    usleep(microseconds);
    MP_THREAD_GIL_ENTER();
}

void board_delay_ms(unsigned long milliseconds) {
    mp_uint_t start = mp_hal_ticks_ms();
    while (mp_hal_ticks_ms() - start < milliseconds) {
        mp_handle_pending(true);
        board_pause(1000);
    }
}

int __real_select(int count, fd_set *read, fd_set *write, fd_set *except, struct timeval *timeout);
int __wrap_select(int count, fd_set *read, fd_set *write, fd_set *except, struct timeval *timeout);

static int64_t nanoseconds(struct timespec time) {
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return nanoseconds(time);
}

// time.sleep() calls it, and goes on with what it leaves of the timeout where a signal has come, such as the collector's. Ctrl-C that
// has come since the last bytecode must not wait until the sleep is over.
int __wrap_select(int count, fd_set *read, fd_set *write, fd_set *except, struct timeval *timeout) {
    if (timeout == NULL) {
        return __real_select(count, read, write, except, timeout);
    }
    sigset_t before = block_ctrl_c();
    int result = -1;
    if (MP_STATE_THREAD(mp_pending_exception) == MP_OBJ_NULL) {
        struct timespec time = { .tv_sec = timeout->tv_sec, .tv_nsec = timeout->tv_usec * 1000 };
        int64_t end = now() + nanoseconds(time);
        result = pselect(count, read, write, except, &time, &before);
        int64_t left = end - now();
        left = left > 0 ? left : 0;
        *timeout = (struct timeval){ .tv_sec = left / 1000000000, .tv_usec = left % 1000000000 / 1000 };
    } else {
        errno = EINTR;
    }
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return result;
}
