import { isObject, type Json, type JsonObject } from '../../src/units/json.ts'

/** How a manifest is printed. */
export interface Taste {
  /** What decides between equally good ways, one after the other, over and over; 0 is the plainest. */
  readonly choices: readonly number[]
  /** Whether lists and maps stand in flow style. */
  readonly flow: 'never' | 'sometimes' | 'always'
  /** The indentation of JSON, empty for one line; undefined for YAML. A space: as Python prints it. */
  readonly json: string | undefined
  readonly newline: '\n' | '\r\n'
  readonly finalNewline: boolean
  readonly mark: string
  readonly start: string
}

/** Prints a document in some style. It shares no code with what is tested. */
export function printManifest(data: JsonObject, taste: Taste): string {
  const body = taste.json === undefined ? new Printer(taste).document(data) : printJson(data, taste.json)
  const start = taste.json === undefined ? taste.start : ''
  const whole = start + body + (taste.json === undefined ? '' : '\n')
  const ended = taste.finalNewline ? whole : whole.trimEnd()
  return taste.mark + ended.replaceAll('\n', taste.newline)
}

function printJson(data: Json, indent: string): string {
  if (indent !== ' ') return JSON.stringify(data, undefined, indent)
  return JSON.stringify(data, undefined, '\n').replaceAll(/\n+/g, (_, at: number, text: string) => (text[at - 1] === ',' ? ' ' : ''))
}

const comments = ['# c', '# - name: usher-lock', "# it's {not: code}", '#']

class Printer {
  readonly #taste: Taste
  readonly #step: number
  readonly #listStep: number
  readonly #dash: string
  #next = 0

  constructor(taste: Taste) {
    this.#taste = taste
    this.#step = this.#choose(2, 2, 2, 4, 3)
    this.#listStep = this.#choose(0, 0, this.#step)
    this.#dash = this.#choose('- ', '- ', '- ', '-   ')
  }

  document(data: JsonObject): string {
    if (this.#taste.flow === 'always' || Object.keys(data).length === 0) return `${this.#flow(data, '')}\n`
    return this.#map(data, 0)
  }

  #choose<T>(...ways: readonly [T, ...T[]]): T {
    const { choices } = this.#taste
    const choice = choices[this.#next++ % choices.length] ?? 0
    return ways[choice % ways.length] ?? ways[0]
  }

  /** One time in so many. */
  #seldom(times: number): boolean {
    const { choices } = this.#taste
    const choice = choices[this.#next++ % choices.length] ?? 0
    return choice % times === times - 1
  }

  #map(data: JsonObject, column: number): string {
    const margin = ' '.repeat(column)
    return Object.entries(data)
      .map(([key, value]) => `${this.#between(margin)}${margin}${this.#key(key)}:${this.#value(value ?? null, column)}`)
      .join('')
  }

  #list(items: readonly Json[], column: number): string {
    const margin = ' '.repeat(column)
    return items
      .map((item) => {
        const inner = column + this.#dash.length
        const start = `${this.#between(margin)}${margin}${this.#dash}`
        if (isObject(item) && Object.keys(item).length > 0 && !this.#takesFlow()) {
          if (this.#seldom(12)) return `${start.trimEnd()}${this.#comment()}\n${this.#map(item, inner)}`
          return start + this.#map(item, inner).replace(/^(?:\s*(?:#.*)?\n)*\s*/, '')
        }
        return `${start}${this.#inline(item, ' '.repeat(inner))}${this.#comment()}\n`
      })
      .join('')
  }

  #value(value: Json, column: number): string {
    if (value === null) return `${this.#choose(' null', ' ~', '', '  Null')}${this.#comment()}\n`
    const gap = this.#choose(' ', ' ', ' ', '   ')
    const isFilled = typeof value === 'object' && Object.keys(value).length > 0
    if (!isFilled || this.#takesFlow()) {
      if (typeof value === 'string' && this.#seldom(9)) return this.#block(value, column)
      return `${gap}${this.#inline(value, ' '.repeat(column + 1))}${this.#comment()}\n`
    }
    const start = `${this.#comment()}\n`
    if (Array.isArray(value)) return start + this.#list(value, column + this.#listStep)
    return isObject(value) ? start + this.#map(value, column + this.#step) : ''
  }

  /** A block scalar, where it can hold the string. */
  #block(value: string, column: number): string {
    const margin = ' '.repeat(column + this.#step)
    if (!/^[!-~][ -~]*$/.test(value) || value.endsWith(' ')) return ` ${JSON.stringify(value)}\n`
    return ` ${this.#choose('|-', '>-')}${this.#comment()}\n${margin}${value}\n${this.#choose('', '', '\n')}`
  }

  #takesFlow(): boolean {
    return this.#taste.flow === 'always' || (this.#taste.flow === 'sometimes' && this.#seldom(5))
  }

  #inline(value: Json, margin: string): string {
    return typeof value === 'object' && value !== null ? this.#flow(value, margin) : this.#scalar(value)
  }

  #flow(value: Json, margin: string): string {
    if (typeof value !== 'object' || value === null) return value === null ? this.#choose('null', '~') : this.#scalar(value)
    const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}']
    const isWide = this.#seldom(6)
    const inner = `${margin}  `
    const items = Array.isArray(value)
      ? value.map((each: Json) => this.#flow(each, inner))
      : Object.entries(value).map(([key, each]) => `${this.#key(key)}: ${this.#flow(each ?? null, inner)}`)
    if (items.length === 0) return open + this.#choose('', '', ' ') + close
    if (isWide) {
      const comma = this.#choose('', ',')
      return `${open}\n${items.map((item) => inner + item).join(`,${this.#comment()}\n`)}${comma}${this.#comment()}\n${margin}${close}`
    }
    const pad = this.#choose('', ' ')
    return `${open}${pad}${items.join(this.#choose(', ', ', ', ' , ', ',  '))}${pad}${close}`
  }

  #scalar(value: Json): string {
    if (Number.isSafeInteger(value) && typeof value === 'number' && value >= 0) {
      return this.#choose(String(value), String(value), `0x${value.toString(16)}`, `0o${value.toString(8)}`, `+${value}`, `!!int ${value}`)
    }
    if (typeof value !== 'string') return JSON.stringify(value)
    if (isPlain(value)) {
      return this.#choose(value, value, `'${value}'`, JSON.stringify(value), `!!str ${value}`)
    }
    return /^[ -~]*$/.test(value) ? this.#choose(JSON.stringify(value), `'${value.replaceAll("'", "''")}'`) : JSON.stringify(value)
  }

  #key(key: string): string {
    return isPlain(key) ? this.#choose(key, key, key, key, JSON.stringify(key), `'${key}'`) : JSON.stringify(key)
  }

  #comment(): string {
    return this.#seldom(7) ? `${this.#choose(' ', '   ')}${this.#choose('# c', ...comments)}` : ''
  }

  /** What stands between two lines. */
  #between(margin: string): string {
    if (!this.#seldom(9)) return ''
    return this.#choose(`${margin}# c\n`, '\n', `\n${margin}# c\n\n`, '# at the margin\n')
  }
}

/** Whether a string may stand without quotes, and is none of YAML 1.1's words for something else. */
function isPlain(text: string): boolean {
  return /^[A-Za-z][\w./-]*$/.test(text) && !/^(?:y|n|yes|no|on|off|true|false|null)$/i.test(text)
}
