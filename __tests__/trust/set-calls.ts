/** What is asked of, or put into, any Set meanwhile, in this order. */
export async function setCalls(method: 'has' | 'add', work: () => unknown): Promise<unknown[]> {
  const calls: unknown[] = []
  const original = Reflect.get(Set.prototype, method) as (
    this: Set<unknown>,
    value: unknown
  ) => never
  Set.prototype[method] = function (value: unknown) {
    calls.push(value)
    return original.call(this, value)
  }
  try {
    await work()
  } finally {
    Set.prototype[method] = original
  }
  return calls
}
