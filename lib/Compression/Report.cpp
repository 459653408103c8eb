//===- Report.cpp - What became of the weights ----------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads the attributes of compressed weights into rows and prints them.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Report.h"

#include "pith/Compression/Codec.h"
#include "pith/Compression/Passes.h"
#include "pith/Compression/Weights.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace pith;

int64_t WeightRow::getNumElements() const {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

static WeightRow makeRow(const Weight &weight) {
  Operation *op = weight.value.getDefiningOp();
  WeightHistory history = WeightHistory::get(weight.value);
  WeightRow row;
  row.name = weight.name;
  row.node = weight.node;
  row.format = getFormatName(weight.value);
  row.shape.assign(weight.getType().getShape().begin(),
                   weight.getType().getShape().end());
  row.bytesAfter = (getStoredBits(weight.value) + 7) / 8;
  row.bytesBefore = history.originalBytes;
  row.decibels = history.error;
  if (auto kept = op->getAttrOfType<StringAttr>(kKeptAttr))
    row.kept = kept.getValue().str();
  return row;
}

CompressionReport CompressionReport::get(ModuleOp module) {
  CompressionReport report;
  for (const Weight &weight : findWeights(module))
    report.rows.push_back(makeRow(weight));
  if (auto removed = module->getAttrOfType<ArrayAttr>(kRemovedAttr))
    for (auto part : removed.getAsRange<DictionaryAttr>()) {
      auto text = [&](StringRef key) {
        auto attr = part.getAs<StringAttr>(key);
        return attr ? attr.getValue().str() : "";
      };
      auto number = [&](StringRef key) {
        auto attr = part.getAs<IntegerAttr>(key);
        return attr ? attr.getInt() : 0;
      };
      report.removed.push_back(
          {text("name"), text("what"), number("removed"), number("of")});
    }
  int64_t elements = 0, floatBits = 0, bits = 0;
  module.walk([&](ConstantOp op) {
    auto type = dyn_cast<RankedTensorType>(op.getType());
    if (!type || !type.hasStaticShape() || !type.getElementType().isIntOrFloat())
      return;
    int64_t own = type.getNumElements() * type.getElementTypeBitWidth();
    bits += own;
    if (isa<FloatType>(type.getElementType())) {
      elements += type.getNumElements();
      floatBits += own;
    }
  });
  auto recorded = [&](StringRef name, int64_t otherwise) {
    auto attr = module->getAttrOfType<IntegerAttr>(name);
    return attr ? attr.getInt() : otherwise;
  };
  report.parameters = recorded(kParametersAttr, elements);
  report.parameterBytes = recorded(kParameterBytesAttr, (floatBits + 7) / 8);
  report.bytes = (bits + 7) / 8;
  return report;
}

static std::string formatBytes(int64_t bytes) {
  constexpr int64_t kKilo = 1000, kMega = 1000 * kKilo, kGiga = 1000 * kMega;
  if (bytes >= kGiga)
    return llvm::formatv("{0:f2} GB", double(bytes) / kGiga);
  if (bytes >= kMega)
    return llvm::formatv("{0:f2} MB", double(bytes) / kMega);
  if (bytes >= 10 * kKilo)
    return llvm::formatv("{0:f1} kB", double(bytes) / kKilo);
  return llvm::formatv("{0} B", bytes);
}

static std::string formatShape(ArrayRef<int64_t> shape) {
  return llvm::join(llvm::map_range(shape, [](int64_t size) {
                      return std::to_string(size);
                    }), "x");
}

/// Names come from model files: control characters must not reach a terminal.
static std::string printable(StringRef text, size_t width) {
  std::string result;
  for (char c : text)
    result += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  // The end of a long name tells more than its beginning.
  if (result.size() > width)
    result = "..." + result.substr(result.size() - width + 3);
  return result;
}

static void printRow(llvm::raw_ostream &os, const WeightRow &row) {
  std::string what = row.isCompressed() || row.kept.empty()
                         ? row.format
                         : row.format + ": " + row.kept;
  std::string error = "-";
  if (row.decibels)
    error = *row.decibels >= 999 ? "exact" : llvm::formatv("{0:f1}", *row.decibels).str();
  double bits = row.getNumElements() ? 8.0 * row.bytesAfter / row.getNumElements() : 0;
  os << llvm::formatv("  {0,-40} {1,-16} {2,10} {3,10} {4,6:f2} {5,7}  {6}\n",
                      printable(row.name, 40), formatShape(row.shape),
                      formatBytes(row.bytesBefore), formatBytes(row.bytesAfter), bits,
                      error, what);
}

void CompressionReport::print(llvm::raw_ostream &os, size_t maxRows) const {
  std::vector<const WeightRow *> shown;
  for (const WeightRow &row : rows)
    shown.push_back(&row);
  if (shown.size() > maxRows) {
    // Rows of equal size stay in their order, which is that of their addresses.
    llvm::sort(shown, [](const WeightRow *a, const WeightRow *b) {
      return a->bytesBefore != b->bytesBefore ? a->bytesBefore > b->bytesBefore
                                              : a < b;
    });
    shown.resize(maxRows);
  }
  os << llvm::formatv("  {0,-40} {1,-16} {2,10} {3,10} {4,6} {5,7}  {6}\n", "weight",
                      "shape", "before", "after", "bits", "SQNR dB", "format");
  for (const WeightRow *row : shown)
    printRow(os, *row);
  if (shown.size() < rows.size())
    os << "  ... and " << rows.size() - shown.size() << " smaller weights\n";
  for (const RemovedRow &row : llvm::ArrayRef(removed).take_front(maxRows))
    os << llvm::formatv("  {0,-40} {1} of {2} {3} removed\n", printable(row.name, 40),
                        row.removed, row.of, row.what);
  if (removed.size() > maxRows)
    os << "  ... and parts of " << removed.size() - maxRows << " more removed\n";
  size_t compressed = llvm::count_if(rows, [](const WeightRow &row) {
    return row.isCompressed();
  });
  os << llvm::formatv("weights: {0} compressed, {1} kept; all constants {2} -> {3}, "
                      "{4:f2} bits per parameter ({5} parameters)\n",
                      compressed, rows.size() - compressed, formatBytes(parameterBytes),
                      formatBytes(bytes),
                      parameters ? 8.0 * bytes / parameters : 0.0, parameters);
}

llvm::json::Value CompressionReport::toJSON() const {
  llvm::json::Array list;
  for (const WeightRow &row : rows) {
    llvm::json::Object object{
        {"name", llvm::json::fixUTF8(row.name)},
        {"node", llvm::json::fixUTF8(row.node)},
        {"format", row.format},
        {"shape", llvm::json::Array(row.shape)},
        {"bytes_before", row.bytesBefore},
        {"bytes", row.bytesAfter},
    };
    if (row.decibels)
      object["sqnr_db"] = *row.decibels;
    if (!row.kept.empty() && !row.isCompressed())
      object["kept"] = row.kept;
    list.push_back(std::move(object));
  }
  llvm::json::Array gone;
  for (const RemovedRow &row : removed)
    gone.push_back(llvm::json::Object{{"name", llvm::json::fixUTF8(row.name)},
                                      {"what", row.what},
                                      {"removed", row.removed},
                                      {"of", row.of}});
  return llvm::json::Object{{"parameters", parameters},
                            {"parameter_bytes", parameterBytes},
                            {"weight_bytes", bytes},
                            {"removed", std::move(gone)},
                            {"weights", std::move(list)}};
}
