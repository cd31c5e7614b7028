#pragma once

#include <cstddef>  // says what C library this is (__GLIBC__)

/// XYLEM_MULTIVERSION on a function compiles it for plain x86-64, x86-64-v3 (AVX2) and x86-64-v4 (AVX-512), and the loader takes
/// the best that the processor runs: portable packages get vector code. The bits do not depend on the choice. What such a
/// function calls must be XYLEM_INLINE, or it is compiled for plain x86-64. Sanitizers do not live with the resolvers, which run
/// before them; Clang (14) takes the levels for names of processors in its resolver, which then chooses wrongly: it has one
/// version, of its options (-march). XYLEM_ONE_VERSION leaves the choice to the compiler's options (tests/kernels does).
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(undefined_behavior_sanitizer) || __has_feature(thread_sanitizer)
#define XYLEM_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define XYLEM_SANITIZED
#endif

#if defined(__x86_64__) && defined(__linux__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__AVX512F__) && !defined(XYLEM_SANITIZED) && !defined(XYLEM_ONE_VERSION)
#define XYLEM_MULTIVERSION __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#define XYLEM_HAS_VERSIONS
#else
#define XYLEM_MULTIVERSION
#endif

#define XYLEM_INLINE inline __attribute__((always_inline))
