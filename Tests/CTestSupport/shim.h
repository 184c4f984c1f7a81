#ifndef BELFRY_CTESTSUPPORT_H
#define BELFRY_CTESTSUPPORT_H

#include <spawn.h>

// Closes the descriptors from `first` on in the child; glibc shows it only with _GNU_SOURCE.
extern int posix_spawn_file_actions_addclosefrom_np(
    posix_spawn_file_actions_t *actions, int first);

#endif
