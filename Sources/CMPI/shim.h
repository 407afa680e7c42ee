// What Swift's importer cannot see of mpi.h: handles that are macros. Nothing of it is float arithmetic: MPI moves
// bytes, and compares integers.

#pragma once

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

/// Communicators of all processes. Collective calls of one communicator are matched by their order, so calls that
/// overlap have one each.
typedef struct {
  MPI_Comm calls;
  MPI_Comm slices;
  MPI_Comm wholes;
} cluster_communicators;

typedef struct {
  MPI_Request request;
} cluster_request;

/// A process that leaves in the midst of others would have them wait for it for ever, in every MPI.
static void cluster_leave(void) {
  int finalized = 1;
  MPI_Finalized(&finalized);
  if (finalized) return;
  int rank, length = 0;
  char host[MPI_MAX_PROCESSOR_NAME + 1];
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Get_processor_name(host, &length);
  fprintf(stderr, "rank %d on %.*s ends, and all others with it\n", rank, length, host);
  MPI_Abort(MPI_COMM_WORLD, 1);
}

/// The regular end, to be called by all: launchers take a process that leaves without it for one that failed, or do not
/// notice it.
static inline void cluster_finish(void) { MPI_Finalize(); }

static inline void cluster_start(cluster_communicators *all, int *rank, int *count) {
  int provided;
  MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided);
  atexit(cluster_leave);
  MPI_Comm_rank(MPI_COMM_WORLD, rank);
  MPI_Comm_size(MPI_COMM_WORLD, count);
  MPI_Comm_dup(MPI_COMM_WORLD, &all->calls);
  MPI_Comm_dup(MPI_COMM_WORLD, &all->slices);
  MPI_Comm_dup(MPI_COMM_WORLD, &all->wholes);
}

/// Ranks on this machine, and the processors that they may run on together; 0 where the system does not say.
static inline void cluster_local(int *ranks, int *processors) {
  MPI_Comm local;
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &local);
  MPI_Comm_size(local, ranks);
  *processors = 0;
#ifdef __linux__
  // The system call itself, because the C library hides sched_getaffinity behind _GNU_SOURCE.
  unsigned char mine[1024] = {0}, all[1024];
  syscall(SYS_sched_getaffinity, 0, sizeof mine, mine);
  MPI_Allreduce(mine, all, sizeof mine, MPI_UNSIGNED_CHAR, MPI_BOR, local);
  for (size_t i = 0; i < sizeof all; i++) *processors += __builtin_popcount(all[i]);
#endif
  MPI_Comm_free(&local);
}

/// The host's name, zero-terminated, in a buffer of at least `cluster_host_length` bytes.
enum { cluster_host_length = MPI_MAX_PROCESSOR_NAME + 1 };
static inline void cluster_host(char *name) {
  int length = 0;
  MPI_Get_processor_name(name, &length);
  name[length] = 0;
}

static inline long long cluster_maximum(const cluster_communicators *all, long long value) {
  long long result;
  MPI_Allreduce(&value, &result, 1, MPI_LONG_LONG, MPI_MAX, all->calls);
  return result;
}

/// From rank 0 to all.
static inline void cluster_broadcast(const cluster_communicators *all, void *bytes, int count) {
  MPI_Bcast(bytes, count, MPI_BYTE, 0, all->calls);
}

static inline void cluster_gather(
  const cluster_communicators *all, const void *mine, int count, void *everybodys, const int *counts,
  const int *places) {
  MPI_Allgatherv(mine, count, MPI_BYTE, everybodys, counts, places, MPI_BYTE, all->calls);
}

/// Counts and places are in floats, and must live until the request is done, as must the data.
static inline void cluster_start_slices(
  const cluster_communicators *all, const float *from, const int *counts, const int *places, float *to,
  const int *to_counts, const int *to_places, cluster_request *request) {
  MPI_Ialltoallv(
    from, counts, places, MPI_FLOAT, to, to_counts, to_places, MPI_FLOAT, all->slices, &request->request);
}

static inline void cluster_start_whole(
  const cluster_communicators *all, const float *mine, int count, float *to, const int *counts, const int *places,
  cluster_request *request) {
  MPI_Iallgatherv(mine, count, MPI_FLOAT, to, counts, places, MPI_FLOAT, all->wholes, &request->request);
}

static inline int cluster_is_done(cluster_request *request) {
  int done = 0;
  MPI_Test(&request->request, &done, MPI_STATUS_IGNORE);
  return done;
}

static inline void cluster_wait(cluster_request *request) { MPI_Wait(&request->request, MPI_STATUS_IGNORE); }
