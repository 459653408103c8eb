//===- PanelWeight.h - Reading a weight panel by panel ----------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A weight is a tree of codec ops over stored constants. `PanelWeight` decides
// how each constant is re-laid; `PanelReader` emits the loads and the codecs'
// code at run time. A dense constant is the tree without codecs.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_CPU_CONTRACTION_PANELWEIGHT_H
#define PITH_LIB_CODEGEN_CPU_CONTRACTION_PANELWEIGHT_H

#include "BlockPacking.h"
#include "WindowLayout.h"

#include "pith/Codegen/CPU/Contraction/PanelPacking.h"
#include "pith/Codegen/CPU/Contraction/RegisterTile.h"
#include "pith/Dialect/Pith/IR/PithInterfaces.h"

namespace pith {

class PanelWeight {
public:
  /// A constant of the tree.
  struct Leaf {
    mlir::Value value;
    TilePacking packing;
    mlir::Type element;
    /// The argument, or −1 for a constant inside the kernel, whose elements are
    /// all equal.
    int64_t argument = -1;
    HostTensor splat;
    /// Of `Elements`: positions per position of the weight, as a fraction.
    int64_t stored = 1, per = 1;
    ElementLayout layout;
    /// Of `Groups`: elements per output.
    int64_t columns = 1;
    /// Of `Compact`: which one, and the leaf with the mask.
    int64_t compact = -1;
    /// Whether the elements say where others are, and bits are read as booleans.
    bool isPlace = false;
    /// Of `Table`: rows and their length, the leaf with the codes (−1: they are not
    /// stored), and whether the bytes of elements are stored apart, for instructions that
    /// look up bytes.
    int64_t entries = 0, length = 1, codes = -1;
    bool isByteTable = false;
    /// Whether the highest of 8 bits negates: half of the entries are enough.
    bool isSignMagnitude = false;

    /// Whether elements are codes of 1 to 8 bits in memory.
    bool isCodes() const {
      return argument >= 0 && packing.kind == TilePacking::Kind::Elements &&
             mlir::isa<mlir::IntegerType>(element) && !(isPlace && element.isInteger(1)) &&
             element.getIntOrFloatBitWidth() <= 8;
    }
    /// Whether the bits of most codes lie together, with other codes above and below.
    bool hasOneField() const {
      return layout.kind == ElementLayout::Kind::Words ||
             (layout.kind == ElementLayout::Kind::Planes && layout.planes.size() == 1);
    }
  };
  struct Child {
    bool isLeaf = true;
    size_t number = 0;
  };
  struct Node {
    WeightCodecOpInterface op;
    llvm::SmallVector<Child> children;
    int64_t stored = 1, per = 1;
    /// In positions of the weight.
    int64_t step = 1, group = 0;
    /// Computes one value per output (and group): scales that are codes themselves.
    bool isLanes = false;
  };

  /// Whether `value` is a constant of the kernel or made of such by codecs.
  static bool isWeight(mlir::Value value);

  /// The operand whose zeros are zeros of the codec's value, as `pith-outline-kernels`
  /// noted it or the codec says; nothing if there is none.
  static std::optional<unsigned> getZerosOf(WeightCodecOpInterface codec);

  /// Looks at a weight of `shape.outputs` outputs and `reduction` positions.
  /// With `transposed` it is a dense `[reduction, outputs]`. Fails with a diagnostic.
  static mlir::FailureOr<PanelWeight> get(KernelEmitter &kernel,
                                          mlir::Value weight, PanelShape shape,
                                          int64_t reduction,
                                          bool transposed = false);
  /// The same for a weight that stores some of every few positions (N:M sparsity), read
  /// entry by entry: what visits it sees those of each window, at its start. Nothing if
  /// the weight is no such, or the target cannot permute windows.
  static mlir::FailureOr<std::optional<PanelWeight>>
  getEntries(KernelEmitter &kernel, mlir::Value weight, int64_t outputs,
             int64_t reduction);

  /// The same for a weight of table rows, read code by code: what visits it sees products
  /// of rows with activations, of each run of positions at its start. Nothing if the
  /// weight is no such, or the target looks up too few bytes at once.
  static mlir::FailureOr<std::optional<PanelWeight>>
  getProducts(KernelEmitter &kernel, mlir::Value weight, int64_t outputs,
              int64_t reduction);

  /// Tells the kernel's plan how arguments are re-laid. Elements stored in
  /// compact form can be read from each of the positions `starts`, and no other.
  void setPackings(KernelEmitter &kernel, llvm::ArrayRef<int64_t> starts = {0});

  const PanelShape &getShape() const { return shape; }
  int64_t getReduction() const { return reduction; }
  /// Whether values need no more than a conversion after loading.
  bool isDense() const { return nodes.empty(); }
  /// Whether a step's code is so long that each size of tile having it again would take
  /// long to compile.
  bool hasLongSteps() const;
  /// Whether decoding takes so few operations that the products of some rows hide them:
  /// no large tables, nothing in compact form, no long steps.
  bool isLight() const;
  /// Whether reading must start at one of the `starts`.
  bool isSequential() const { return compacts > 0; }
  /// Of a weight that is read entry by entry: where these are, and the argument with
  /// their indices.
  const std::optional<WindowLayout> &getWindows() const { return windows; }
  int64_t getIndexArgument() const { return indexArgument; }
  /// Of a weight that is read code by code: positions of one code's run (0: of none), and
  /// the table, of which `getRunEntries` rows lie in memory.
  int64_t getRunLength() const { return runLength; }
  const Leaf &getRunTable() const { return leaves[runTable]; }
  int64_t getRunEntries() const;
  /// Whether whole blocks are stored: what visits its values, in one go, sees these.
  bool isBlocks() const { return blockValues >= 0; }
  /// Whether these need no more than a conversion after loading.
  bool isPlainBlocks() const { return isBlocks() && nodes.size() == 1; }
  /// Outputs of one block in a weight's value; 0 where it stores no blocks.
  static int64_t getBlockOutputs(mlir::Value value);
  /// Positions of one emitted step, and after how many groups change (0: never).
  int64_t getStep() const { return step; }
  int64_t getGroup() const { return group; }
  /// Bytes stored for one panel, roughly.
  int64_t panelBytes() const;

private:
  friend class PanelReader;
  mlir::FailureOr<Child> visit(KernelEmitter &kernel, mlir::Value value,
                               const TilePacking &packing, int64_t stored,
                               int64_t per, int64_t maskLeaf);
  static mlir::FailureOr<std::optional<PanelWeight>>
  getEntries(KernelEmitter &kernel, mlir::Value weight, WeightCodecOpInterface codec,
             PanelShape shape, int64_t reduction);
  /// The tree above stored entries.
  mlir::FailureOr<Child> visitEntries(KernelEmitter &kernel, mlir::Value value);
  /// The fewest positions of the weight that hold a multiple of `step` elements, where
  /// `per` positions hold `stored`.
  static int64_t positionsOf(int64_t step, int64_t stored, int64_t per);
  /// Finds steps and groups.
  void measure();
  /// The same, with a byte for each code where groups hold no whole bytes of several.
  /// False if groups hold no whole steps even then.
  bool fitGroups();
  void chooseLayouts(const TargetDescription &target);
  void setIndexPackings(KernelEmitter &kernel);
  mlir::LogicalResult readTables(const Node &node, llvm::ArrayRef<TilePacking> packings);
  /// Uses `layout` for a leaf's codes if groups and the reduction hold whole steps of it.
  bool setLayout(Leaf &leaf, const ElementLayout &layout);
  /// Tables that do not fit a register or two are looked up byte by byte.
  void chooseByteTables(const TargetDescription &target);
  /// Codes below 8 bits are read as words, those of windows all: loads that widen bytes
  /// take the unit of permutations.
  void chooseWords(const TargetDescription &target);
  PanelShape shape;
  int64_t reduction = 0, step = 1, group = 0;
  bool transposed = false;
  int64_t compacts = 0, startCount = 1;
  std::optional<WindowLayout> windows;
  int64_t indexArgument = -1, entryArgument = -1;
  int64_t runLength = 0, runTable = -1;
  Child root;
  std::vector<Leaf> leaves;
  std::vector<Node> nodes;
  /// Of each compact leaf, the leaf with its mask.
  llvm::SmallVector<int64_t> maskOf;
  /// The leaves with blocks and with their mask; −1: there are none.
  int64_t blockValues = -1, blockList = -1;
  BlockLayout blocks;
};

/// Reads one panel.
class PanelReader : public ColumnSource {
public:
  /// Emits, at `builder`, what stays the same for the whole panel. `start` says
  /// at which of the `starts` reading begins.
  PanelReader(KernelEmitter &kernel, const PanelWeight &weight,
              mlir::OpBuilder &builder, mlir::Value panel, mlir::Value start);

  /// Ranges begin at multiples of the weight's step and group.
  llvm::SmallVector<mlir::Value> forEach(mlir::OpBuilder &builder,
                                         TileRange range, mlir::ValueRange state,
                                         Body body) override;

  /// Bytes to prefetch ahead in the widest stored stream; 0: none.
  int64_t prefetchAhead = 0;
  /// Products that each value has part in, while the next ones are decoded.
  int64_t tileRows = 1;
  /// Of a weight that is read code by code: products of each run's activations with the
  /// rows of the table, as bytes `[run][byte of an f32][entry]`, from run `firstRun`.
  struct {
    mlir::Value memref, firstRun;
  } products;
  /// What the state holds are sums of products with values, `[…][vector]`: factors that
  /// a group's values share are applied to its sums.
  bool isSumming = false;
  /// Leaves out factors that all of a panel's values share: sums wait for `getFactors`.
  bool leavesFactors = false;
  /// These factors, one per vector; none if groups have their own, or values are not
  /// multiplied by such.
  llvm::SmallVector<mlir::Value> getFactors(mlir::OpBuilder &builder);

private:
  class View;
  friend class View;
  using Child = PanelWeight::Child;
  using Leaf = PanelWeight::Leaf;
  struct LeafState {
    KernelBuffer buffer;
    llvm::SmallVector<mlir::Value> bases; ///< per plane: element of the panel
    /// Small tables as vectors of f32, byte tables as vectors of bytes.
    llvm::SmallVector<mlir::Value> table;
  };
  struct WordFields;

  TileValues tile(const Child &child);
  llvm::SmallVector<mlir::Value> rootFactors();
  TileValues floats(const Child &child);
  bool canLookUp(const Leaf &leaf) const;
  TileValues leafTile(size_t number);
  TileValues leafFloats(size_t number);
  TileValues leafWords(size_t number);
  /// Codes of words as i32. Unless they are to be `clean`, bits above are undefined.
  TileValues wordCodes(size_t number, bool clean);
  TileValues wordFloats(size_t number);
  /// The same, looked up in a register; `makeTable` makes it, or for codes at a bit that
  /// is not the index's lowest.
  TileValues wordLookUps(size_t number,
                         llvm::function_ref<mlir::Value(unsigned from)> makeTable);
  mlir::Value loadPlane(size_t number, size_t plane, int64_t row, int64_t vector);
  llvm::SmallVector<mlir::Value> lanes(const Child &child);
  llvm::SmallVector<mlir::Value> leafLanes(size_t number);
  mlir::Value leafScalar(size_t number, int64_t element);
  TileValues lookUp(const Child &table, const Child &codes);
  llvm::SmallVector<mlir::Value> byteCodes(size_t number);
  TileValues lookUpSets(size_t table, size_t codes);
  TileValues lookUpProducts(size_t table, size_t codes);
  mlir::Value gatherWords(size_t table, mlir::Value codes);
  mlir::Value leafExpand(size_t number, mlir::Value mask);
  mlir::Value loadCompact(size_t number, mlir::Value offset);
  mlir::Value expandLanes(mlir::Value loaded, mlir::Value mask);
  mlir::Value permuteLanes(mlir::Value loaded, mlir::Value mask);
  mlir::Value maskBits(mlir::Value mask);
  mlir::Value splatValue(const Leaf &leaf);
  void loadTable(size_t number);
  void loadByteTable(size_t number);
  void emitGroups(bool once);
  void emitStep(mlir::OpBuilder &builder, TilePosition at, int64_t count,
                llvm::MutableArrayRef<mlir::Value> state, Body body,
                int64_t ordinal);
  /// The same for weights that store blocks; any range is all of the weight.
  llvm::SmallVector<mlir::Value> forEachBlock(mlir::OpBuilder &builder, TileRange range,
                                              mlir::ValueRange state, Body body);
  void emitEntries(mlir::OpBuilder &builder, mlir::Value from, mlir::Value to,
                   int64_t length, int64_t unroll,
                   llvm::SmallVector<mlir::Value> &state, Body body);
  void emitEntry(mlir::OpBuilder &builder, mlir::Value entry, int64_t length,
                 int64_t ordinal, llvm::MutableArrayRef<mlir::Value> state, Body body);
  void visitZeros(mlir::OpBuilder &builder, TileRange range, Body body);
  void enterBlock(mlir::Value entry);
  mlir::Value loadBlockWord(mlir::Value at);
  /// Position in a leaf's elements: of the current block where it stores blocks.
  mlir::Value positionIn(const Leaf &leaf, int64_t &offset);
  /// Position in an operand with `stored` elements for `per` positions.
  mlir::Value scaled(int64_t stored, int64_t per, int64_t &offset);

  KernelEmitter &kernel;
  const PanelWeight &weight;
  mlir::OpBuilder *current = nullptr;
  TilePosition here;
  mlir::Value panel;
  std::vector<LeafState> states;
  std::vector<llvm::SmallVector<mlir::Value>> groupValues;
  /// Elements taken so far from each compact leaf.
  llvm::SmallVector<mlir::Value> taken;
  bool isUnscaled = false;
  mlir::Value blockStart; ///< position of the current block
};

} // namespace pith

#endif // PITH_LIB_CODEGEN_CPU_CONTRACTION_PANELWEIGHT_H
