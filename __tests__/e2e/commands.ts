/** The runner's side of a step's output: commands, masks, annotations (`ActionCommandManager.cs`). */

export type Annotation = {
  level: 'error' | 'warning' | 'notice'
  title?: string
  message: string
  file?: string
}

/** `ExecutionContext.cs`: annotations of a level in a step, and characters of each. */
const MOST_ANNOTATIONS = 10
const LONGEST_ANNOTATION = 4096

/** What the runner knows and no action of ours has a reason to write: there, somebody injected it. */
const FOREIGN = new Set(
  'set-env add-path set-output save-state add-matcher remove-matcher stop-commands echo internal-set-repo-path'.split(
    ' '
  )
)
const KNOWN = new Set(['error', 'warning', 'notice', 'debug', 'group', 'endgroup', 'add-mask'])

export class StepOutput {
  readonly annotations: Annotation[] = []
  /** Every line, decoded and masked, also those that nobody sees with debug off; but no mask itself. */
  readonly written: string[] = []
  readonly #masks = new Set<string>()
  readonly #lines: string[] = []

  /** The log: what is left without commands, masked. */
  get log(): string {
    return this.#lines.map(line => `${line}\n`).join('')
  }

  /** Take in one line of stdout or stderr. */
  read(line: string): void {
    const command = parseCommand(line)
    if (command === undefined) {
      this.written.push(this.mask(line))
      this.#log(line)
      return
    }
    const { name, properties, data } = command
    if (name === 'add-mask') {
      this.#addMask(data)
      return
    }
    this.written.push(this.mask([data, ...Object.values(properties)].join('\n')))
    if (name === 'error' || name === 'warning' || name === 'notice') {
      this.annotate({
        level: name,
        message: data,
        ...(properties.title !== undefined && { title: properties.title }),
        ...(properties.file !== undefined && { file: properties.file })
      })
    }
  }

  /** Annotate within the limits; beyond them the text is in the log alone. */
  annotate(annotation: Annotation): void {
    const { level } = annotation
    const message = this.mask(annotation.message)
    const count = this.annotations.filter(other => other.level === level).length
    if (count >= MOST_ANNOTATIONS) this.#log(`##[${level}]${message}`)
    else this.annotations.push({ ...annotation, message: message.slice(0, LONGEST_ANNOTATION) })
  }

  mask(text: string): string {
    // The longest first: one may be a part of another.
    const masks = [...this.#masks].sort((a, b) => b.length - a.length)
    return masks.reduce((masked, secret) => masked.replaceAll(secret, '***'), text)
  }

  #log(line: string): void {
    this.#lines.push(this.mask(line))
  }

  /** Each line of a secret is masked as well, since output is read line by line. */
  #addMask(secret: string): void {
    for (const part of [secret, ...secret.split(/[\r\n]+/)]) {
      if (part.trim() !== '') this.#masks.add(part)
    }
  }
}

type Command = { name: string; properties: Record<string, string>; data: string }

/**
 * `ActionCommand.cs`: `::name key=value,…::data` where a line begins after white space, or
 * `##[name key=value;…]data` anywhere in it, which the toolkit never writes.
 *
 * @throws Error where a command shows that the action let somebody else write it
 */
export function parseCommand(line: string): Command | undefined {
  const [, head = '', body = ''] = /^::(.*?)::(.*)$/s.exec(line.trimStart()) ?? []
  const space = head.indexOf(' ')
  const name = (space < 0 ? head : head.slice(0, space)).toLowerCase()
  if (!isCommand(name)) {
    const old = /##\[([^\] ]*)[^\]]*\]/.exec(line)?.[1]
    if (old !== undefined && isCommand(old)) throw injected(line)
    return undefined
  }
  if (FOREIGN.has(name)) throw injected(line)
  const properties: Record<string, string> = {}
  for (const pair of space < 0 ? [] : head.slice(space + 1).split(',')) {
    const [key, ...value] = pair.trim().split('=')
    if (key !== undefined && value.length > 0) properties[key] = decodeProperty(value.join('='))
  }
  return { name, properties, data: decodeData(body) }
}

function isCommand(name: string): boolean {
  return KNOWN.has(name.toLowerCase()) || FOREIGN.has(name.toLowerCase())
}

function injected(line: string): Error {
  return new Error(`a command that no action of ours writes: ${line.trim().slice(0, 60)}`)
}

function decodeData(text: string): string {
  return text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%')
}

function decodeProperty(text: string): string {
  return decodeData(text.replaceAll('%3A', ':').replaceAll('%2C', ','))
}
