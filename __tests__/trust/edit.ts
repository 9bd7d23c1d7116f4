/** JSON of whatever shape. */
export type Json = Record<string, unknown>

/** Changes JSON in place. */
export type Edit = (json: Json) => void

/**
 * Puts a value at a path of keys and indices. `entry` is short for a bundle's first log entry, and
 * a value that is a function makes the new value of the old one.
 */
export function put(path: string, value: unknown): Edit {
  return json => {
    const [parent, key] = locate(json, path)
    parent[key] =
      typeof value === 'function' ? (value as (old: unknown) => unknown)(parent[key]) : value
  }
}

/** Takes away what is at a path. */
export function drop(path: string): Edit {
  return json => {
    const [parent, key] = locate(json, path)
    Reflect.deleteProperty(parent, key)
  }
}

export function all(...edits: Edit[]): Edit {
  return json => {
    for (const edit of edits) edit(json)
  }
}

/** What is at a path. */
export function at(json: unknown, path: string): unknown {
  const [parent, key] = locate(json, path)
  return parent[key]
}

export function textAt(json: unknown, path: string): string {
  return String(at(json, path))
}

function locate(json: unknown, path: string): [Json, string] {
  const keys = path.replace(/^entry\b/, 'verificationMaterial.tlogEntries.0').split('.')
  const last = keys.pop() ?? ''
  let node = json
  for (const key of keys) {
    // A path that leads nowhere would be a test that changes nothing.
    if (typeof node !== 'object' || node === null || !(key in node)) {
      throw new Error(`no ${key} of ${path}`)
    }
    node = (node as Json)[key]
  }
  return [node as Json, last]
}
