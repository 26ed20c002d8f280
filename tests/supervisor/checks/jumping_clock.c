/* A clock on the wall that is an hour ahead for half a second and an hour behind for the next. */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
  struct timespec passed;
  long result = syscall(SYS_clock_gettime, clock, time);
  if (result == 0 && clock == CLOCK_REALTIME) {
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &passed);
    time->tv_sec += passed.tv_nsec < 500000000 ? 3600 : -3600;
  }
  return (int)result;
}
