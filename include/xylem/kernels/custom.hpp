#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "xylem/model/custom.hpp"

/// Functors of a program's own in plans. They are plain structs; with members marked KOKKOS_FUNCTION the same functors run in the
/// program's own kernels.
namespace xylem {

namespace detail {

// 0 to 3 for 1 to 8 bytes.
template <class T>
inline constexpr int size_class = std::countr_zero(sizeof(T));

template <class T>
constexpr ElementType element_type_of() {
  static_assert(std::is_arithmetic_v<T> && sizeof(T) <= 8, "elements are bool, integers, float or double");
  if constexpr (std::is_same_v<T, bool>) return ElementType::boolean;
  if constexpr (std::is_floating_point_v<T>) return sizeof(T) == 4 ? ElementType::float32 : ElementType::float64;
  constexpr auto first = std::is_signed_v<T> ? ElementType::int8 : ElementType::uint8;
  return static_cast<ElementType>(static_cast<int>(first) + size_class<T>);
}

// How elements lie in memory: integers of one size and sign are one type there, and bool is a byte.
using SignedBySize = std::tuple<std::int8_t, std::int16_t, std::int32_t, std::int64_t>;
using UnsignedBySize = std::tuple<std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>;
template <class T>
using StoredAs = std::conditional_t<std::is_floating_point_v<T>, T,
                                    std::tuple_element_t<static_cast<std::size_t>(size_class<T>),
                                                         std::conditional_t<std::is_signed_v<T>, SignedBySize, UnsignedBySize>>>;

template <class T>
T element_at(const void* elements, std::int64_t i) {
  return static_cast<T>(static_cast<const StoredAs<T>*>(elements)[i]);
}

// What a member takes and gives, whether it is const, static or noexcept.
template <class M>
struct Signature {
  static_assert(sizeof(M) == 0, "the members of a functor that xylem calls are const or static");
};
template <class R, class C, class... A>
struct Signature<R (C::*)(A...) const> {
  using Result = R;
  using Inputs = std::tuple<A...>;
};
template <class R, class C, class... A>
struct Signature<R (C::*)(A...) const noexcept> : Signature<R (C::*)(A...) const> {};
template <class R, class... A>
struct Signature<R (*)(A...)> {
  using Result = R;
  using Inputs = std::tuple<A...>;
};
template <class R, class... A>
struct Signature<R (*)(A...) noexcept> : Signature<R (*)(A...)> {};

template <class>
struct Elements;
template <class... A>
struct Elements<std::tuple<A...>> {
  using Values = std::tuple<std::remove_cvref_t<A>...>;
  static_assert(sizeof...(A) >= 1 && sizeof...(A) <= max_custom_inputs, "one to eight inputs");
  static_assert(((!std::is_lvalue_reference_v<A> || std::is_const_v<std::remove_reference_t<A>>)&&...),
                "inputs are read, not written");
  static std::vector<ElementType> types() { return {element_type_of<std::remove_cvref_t<A>>()...}; }
};

// The first argument of update(), and the others.
template <class>
struct UpdateArguments;
template <class S, class... A>
struct UpdateArguments<std::tuple<S&, A...>> {
  using State = S;
  using Inputs = std::tuple<A...>;
};

/// Calls body(begin, end) for parts of [0, n) of `size` at most: as a Kokkos kernel on the host execution space where the main
/// thread asks, else, for workers beside it, one part after the other. Translates what the parts throw, the first of them.
void run_custom(const std::string& name, std::int64_t n, std::int64_t size,
                const std::function<void(std::int64_t, std::int64_t)>& body);

// Elements that a part of a kernel takes.
inline constexpr std::int64_t custom_part = 512;

template <class F>
class FunctionOf final : public CustomFunction {
  using Call = Signature<decltype(&F::operator())>;
  using Inputs = Elements<typename Call::Inputs>;
  using Values = typename Inputs::Values;
  using Result = std::remove_cvref_t<typename Call::Result>;

 public:
  FunctionOf(std::string name, F function)
      : CustomFunction(std::move(name), Inputs::types(), element_type_of<Result>()), function_(std::move(function)) {}

  void evaluate(std::span<const void* const> in, std::int64_t n, void* out) const override {
    run_custom(name(), n, custom_part, [&](std::int64_t begin, std::int64_t end) {
      part(in.data(), begin, end, static_cast<StoredAs<Result>*>(out), std::make_index_sequence<std::tuple_size_v<Values>>());
    });
  }

 private:
  template <std::size_t... k>
  void part(const void* const* in, std::int64_t begin, std::int64_t end, StoredAs<Result>* out, std::index_sequence<k...>) const {
    for (std::int64_t i = begin; i < end; ++i) {
      out[i] = static_cast<StoredAs<Result>>(function_(element_at<std::tuple_element_t<k, Values>>(in[k], i)...));
    }
  }

  F function_;
};

template <class R>
class ReductionOf final : public CustomReduction {
  using Arguments = UpdateArguments<typename Signature<decltype(&R::update)>::Inputs>;
  using State = typename Arguments::State;
  using Inputs = Elements<typename Arguments::Inputs>;
  using Values = typename Inputs::Values;
  using Result = std::remove_cvref_t<decltype(std::declval<const R&>().finalize(std::declval<const State&>()))>;
  static_assert(std::is_trivially_copyable_v<State>, "a state travels between ranks as its bytes: it is trivially copyable");
  static_assert(alignof(State) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__, "a state is aligned as fundamental types are");
  static_assert(std::is_same_v<std::remove_cvref_t<decltype(std::declval<const R&>().identity())>, State>,
                "identity() gives the state that update() takes");

 public:
  ReductionOf(std::string name, R reduction)
      : CustomReduction(std::move(name), Inputs::types(), element_type_of<Result>(), sizeof(State)),
        reduction_(std::move(reduction)) {}

  void identity(std::byte* states, std::int64_t n) const override {
    run_custom(name(), n, n, [&](std::int64_t begin, std::int64_t end) {
      const State none = reduction_.identity();
      for (std::int64_t i = begin; i < end; ++i) put(states, i, none);
    });
  }

  void update(std::byte* states, std::span<const void* const> in, const CustomElements& elements, bool skipna) const override {
    // Each state belongs to one part, and gets its elements in their order.
    const std::int64_t size = std::max<std::int64_t>(1, custom_part / std::max<std::int64_t>(1, elements.rows));
    run_custom(name(), elements.cols, size, [&](std::int64_t begin, std::int64_t end) {
      constexpr auto all = std::make_index_sequence<std::tuple_size_v<Values>>();
      skipna ? part<true>(states, in.data(), elements, begin, end, all)
             : part<false>(states, in.data(), elements, begin, end, all);
    });
  }

  void combine(std::byte* states, const std::byte* others, std::int64_t n) const override {
    run_custom(name(), n, custom_part, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        State state = get(states, i);
        reduction_.combine(state, get(others, i));
        put(states, i, state);
      }
    });
  }

  void finalize(const std::byte* states, std::int64_t n, std::byte* out) const override {
    run_custom(name(), n, custom_part, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const auto result = static_cast<StoredAs<Result>>(static_cast<Result>(reduction_.finalize(get(states, i))));
        std::memcpy(out + i * static_cast<std::int64_t>(sizeof result), &result, sizeof result);
      }
    });
  }

 private:
  static State get(const std::byte* states, std::int64_t i) {
    alignas(State) std::byte copy[sizeof(State)];
    std::memcpy(copy, states + i * static_cast<std::int64_t>(sizeof(State)), sizeof(State));
    return *std::launder(reinterpret_cast<State*>(copy));
  }
  static void put(std::byte* states, std::int64_t i, const State& state) {
    std::memcpy(states + i * static_cast<std::int64_t>(sizeof(State)), &state, sizeof(State));
  }

  template <bool skipna, std::size_t... k>
  void part(std::byte* states, const void* const* in, const CustomElements& elements, std::int64_t begin, std::int64_t end,
            std::index_sequence<k...>) const {
    for (std::int64_t c = begin; c < end; ++c) {
      State state = get(states, c);
      for (std::int64_t r = 0; r < elements.rows; ++r) {
        const std::int64_t i = elements.offset + r * elements.stride + c;
        const Values values(element_at<std::tuple_element_t<k, Values>>(in[k], i)...);
        if (skipna && (is_missing(std::get<k>(values)) || ...)) continue;
        reduction_.update(state, std::get<k>(values)...);
      }
      put(states, c, state);
    }
  }

  template <class T>
  static bool is_missing(T value) {
    if constexpr (std::is_floating_point_v<T>) return std::isnan(value);
    return false;
  }

  R reduction_;
};

}  // namespace detail

/// An element-wise function of a program's own, for apply() (array/custom.hpp): `function` is a functor with one
/// `operator()(...) const`, no template, whose arguments and result are bool, integers, float or double. These are the types of
/// the inputs and of the result; missing values are NaN, and the functor sees them. A lambda will do.
///
/// It is called for each element, in any order, on several threads at once, and must give the same for the same arguments:
/// then results have the same bits for any number of ranks and threads, chunk layout, memory limit and schedule (compile the
/// functor with -ffp-contract=off, as xylem is).
template <class F>
[[nodiscard]] std::shared_ptr<const CustomFunction> custom_function(std::string name, F function) {
  static_assert(
      requires { &F::operator(); },
      "a functor with one operator() that is const and no template: its types are those of the elements");
  return std::make_shared<const detail::FunctionOf<F>>(std::move(name), std::move(function));
}

/// A reduction of a program's own, for reduce() (array/custom.hpp): `reduction` is a functor with four members, const or static
/// and no templates, over a state that is trivially copyable, since it travels between ranks as its bytes:
///
///     State identity() const;                                  // of no elements
///     void update(State& state, double x, ...) const;          // adds one element of each input
///     void combine(State& state, const State& other) const;    // adds what another thread or rank has
///     double finalize(const State& state) const;               // the result
///
/// The arguments of update() are the types of the inputs, what finalize() gives is the type of the result: bool, integers, float
/// or double.
///
/// Which elements and states come together, and in which order, depends on chunks, ranks, threads, memory limit, schedule and
/// what else is computed. So the bits are the same for all of these exactly if update() and combine() are exact, associative and
/// commutative: counts, integers, minima, maxima, sets of bits, and sums in an ExactState (kernels/exact_state.hpp). With others
/// (a plain double += x) results differ in their last bits from one layout to another; with the same plan and static dealing they
/// are the same from run to run.
template <class R>
[[nodiscard]] std::shared_ptr<const CustomReduction> custom_reduction(std::string name, R reduction) {
  static_assert(
      requires {
        &R::identity;
        &R::update;
        &R::combine;
        &R::finalize;
      },
      "a functor with identity(), update(), combine() and finalize(), const or static, no templates");
  return std::make_shared<const detail::ReductionOf<R>>(std::move(name), std::move(reduction));
}

}  // namespace xylem
