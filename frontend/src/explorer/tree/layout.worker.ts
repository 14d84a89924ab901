/** The layout, off the page's thread. Messages in: nodes to add, or a wish to tidy. Messages out: the columns that changed. */

import { type Column, Columns } from './columns'

export type LayoutRequest = { kind: 'add'; parents: Int32Array; depths: Int32Array } | { kind: 'tidy' }

const columns = new Columns()
const scope = self as unknown as {
  onmessage: (event: { data: LayoutRequest }) => void
  postMessage: (message: Column[], transfer: Transferable[]) => void
}

scope.onmessage = ({ data }) => {
  const changed = data.kind === 'add' ? columns.add(data.parents, data.depths) : columns.tidy()
  scope.postMessage(
    changed,
    changed.flatMap((column) => [column.order.buffer, column.heights.buffer]),
  )
}
