/** Typed arrays that grow by doubling, so that adding a node costs what it adds. */

type Numbers = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array

/** `array`, or a longer copy of it with room for `count`; what is new is `filler`. */
export function grown<Array extends Numbers>(array: Array, count: number, filler = 0): Array {
  if (count <= array.length) return array
  const Kind = array.constructor as new (length: number) => Array
  const longer = new Kind(2 ** Math.ceil(Math.log2(count)))
  if (filler) longer.fill(filler)
  longer.set(array as never)
  return longer
}
