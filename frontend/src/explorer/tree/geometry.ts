/** Where things lie in the tree's own coordinates: pixels at zoom 1, the root's marker at 0, 0. */

export const rowHeight = 31
export const columnPitch = 274
/** Between a card and the next column: room for the branches' bends. */
export const gap = 40
export const cardHeight = 26
/** From the card's left edge to the marker's centre. */
export const cardInset = 13
export const markerRadius = 5

/** From here on cards with text are drawn; below, shapes; below `dotsBelow`, dots. */
export const cardsFrom = 0.4
export const dotsBelow = 0.14
/** The furthest one can go away: a hundred thousand leaves in one column fit a window. */
export const leastZoom = 0.00005

export interface Camera {
  x: number
  y: number
  k: number
}

export interface Size {
  width: number
  height: number
}

export interface Bounds {
  left: number
  top: number
  right: number
  bottom: number
}

export type Detail = 'dots' | 'shapes' | 'cards'

export function detailAt(zoom: number): Detail {
  if (zoom >= cardsFrom) return 'cards'
  return zoom < dotsBelow ? 'dots' : 'shapes'
}

/** The part of the tree's coordinates that the camera sees, grown by `margin` screen pixels. */
export function seen(camera: Camera, size: Size, margin = 0): Bounds {
  return {
    left: (-camera.x - margin) / camera.k,
    top: (-camera.y - margin) / camera.k,
    right: (size.width - camera.x + margin) / camera.k,
    bottom: (size.height - camera.y + margin) / camera.k,
  }
}

/** Screen pixels to leave free around the tree: legend and tools lie along the lower edge. */
export interface Room {
  side: number
  top: number
  bottom: number
}

/** The camera that shows all of `bounds`, with room around it, never larger than `largest`. */
export function fitting(bounds: Bounds, size: Size, largest = 1.15, room: Room = stageRoom): Camera {
  const width = Math.max(1, bounds.right - bounds.left)
  const height = Math.max(1, bounds.bottom - bounds.top)
  const across = (size.width - 2 * room.side) / width
  const down = (size.height - room.top - room.bottom) / height
  const k = Math.max(leastZoom, Math.min(largest, across, down))
  return {
    k,
    x: size.width / 2 - ((bounds.left + bounds.right) / 2) * k,
    y: (size.height + room.top - room.bottom) / 2 - ((bounds.top + bounds.bottom) / 2) * k,
  }
}

export const stageRoom: Room = { side: 28, top: 22, bottom: 60 }

/** First position in `sorted[0..count)` whose `value(i)` is at least `bound`. */
export function lowerBound(count: number, value: (i: number) => number, bound: number): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (value(middle) < bound) low = middle + 1
    else high = middle
  }
  return low
}
