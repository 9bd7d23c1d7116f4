/**
 * Sort by the bytes of the names in UTF-8, which is the order of code points that OMS has; UTF-16,
 * by which JavaScript compares, has another one.
 */
export function sortByName<T extends { name: string }>(items: readonly T[]): T[] {
  return items
    .map(item => ({ item, key: Buffer.from(item.name) }))
    .sort((a, b) => Buffer.compare(a.key, b.key))
    .map(({ item }) => item)
}
