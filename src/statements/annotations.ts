/**
 * Annotations as JSON, ordered as Go orders keys: by their bytes in UTF-8. It is put together here, as
 * an object of JavaScript has keys that look like numbers first.
 */
export function annotationsJson(annotations: Readonly<Record<string, string>>): string {
  const members = Object.entries(annotations)
    .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`)
  return `{${members.join(',')}}`
}
