import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** What is run as a process of its own. */
export interface Program {
  /** For people, such as `the application of shop/web-0`. */
  readonly name: string
  readonly command: readonly string[]
  /** Its environment, whole; ours where it is left out. */
  readonly env?: Readonly<Record<string, string>>
  /** Whether it runs until it is ended: its end before that fails the play. */
  readonly stays?: boolean
  /** Is told of each line that it writes. */
  readonly heard?: (line: string) => void
}

/** A process that runs, or ran. */
export interface Child {
  /** What it has written so far, to stdout and stderr. */
  readonly lines: readonly string[]
  /** Its exit code, when it has ended and all that it wrote was read; null: it was ended by a signal, or never ran. */
  readonly ended: Promise<number | null>
  /** The first line in which something is found. Throws where it ends without. */
  find<T>(read: (line: string) => T | undefined): Promise<T>
  /** Asks it to end, and waits until it has. */
  end(): Promise<number | null>
  /** That it has ended, and its last words. */
  failure(): Error
}

// All of them end at once when they are asked to, the lock and the webhook within three seconds.
const endWithinMs = 6_000

/** The processes of a play: all end with it, each by its id. */
export class Children {
  /** The play's end before its time: it was interrupted, or a process failed that should have stayed. */
  readonly signal: AbortSignal
  readonly #failed = new AbortController()
  readonly #running = new Set<OwnedChild>()
  readonly #askAll = (): void => {
    for (const child of this.#running) child.ask('SIGTERM')
  }

  constructor(interrupted: AbortSignal) {
    this.signal = AbortSignal.any([interrupted, this.#failed.signal])
    this.signal.addEventListener('abort', this.#askAll)
    process.on('exit', this.#askAll)
  }

  /** @throws where the play is over. */
  start(program: Program): Child {
    this.signal.throwIfAborted()
    const child = new OwnedChild(program, () => {
      this.#running.delete(child)
      if (program.stays === true && !child.isAsked) this.#failed.abort(child.failure())
    })
    this.#running.add(child)
    return child
  }

  /** Ends all that still run. */
  async close(): Promise<void> {
    await Promise.all(Array.from(this.#running, (child) => child.end()))
    this.signal.removeEventListener('abort', this.#askAll)
    process.off('exit', this.#askAll)
  }
}

class OwnedChild implements Child {
  readonly lines: string[] = []
  readonly ended: Promise<number | null>
  isAsked = false
  readonly #name: string
  readonly #process: ChildProcess
  readonly #hearers = new Set<(line: string) => void>()
  #how = ''

  constructor({ name, command: [file = '', ...args], env, heard }: Program, whenEnded: () => void) {
    this.#name = name
    if (heard !== undefined) this.#hearers.add(heard)
    // A group of its own: Ctrl-C on a terminal is for us alone, and we end them in order. Its stdin ends with us.
    const child = spawn(file, args, { detached: true, ...(env === undefined ? {} : { env }) })
    this.#process = child
    child.stdin.on('error', () => {})
    for (const input of [child.stdout, child.stderr]) {
      createInterface({ input }).on('line', (line) => {
        this.lines.push(line)
        for (const hear of this.#hearers) hear(line)
      })
    }
    const { promise, resolve } = Promise.withResolvers<number | null>()
    this.ended = promise
    const finish = (how: string, code: number | null): void => {
      if (this.#how !== '') return
      this.#how = how
      whenEnded()
      resolve(code)
    }
    child.on('error', (error) => {
      if (child.pid === undefined) finish(`could not be run: ${error.message}`, null)
    })
    child.on('close', (code, signal) => finish(`ended with ${code ?? signal}`, code))
  }

  find<T>(read: (line: string) => T | undefined): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<T>()
    const hear = (line: string): void => {
      const found = read(line)
      if (found !== undefined) resolve(found)
    }
    for (const line of this.lines) hear(line)
    this.#hearers.add(hear)
    const inVain = this.ended.then(() => Promise.reject(this.failure()))
    return Promise.race([promise, inVain]).finally(() => this.#hearers.delete(hear))
  }

  ask(signal: NodeJS.Signals): void {
    this.isAsked = true
    this.#process.kill(signal)
  }

  async end(): Promise<number | null> {
    this.ask('SIGTERM')
    const timer = setTimeout(() => this.ask('SIGKILL'), endWithinMs)
    try {
      return await this.ended
    } finally {
      clearTimeout(timer)
    }
  }

  failure(): Error {
    const words = this.lines.at(-1)
    return new Error(`${this.#name} ${this.#how}${words === undefined ? '' : `; it said: ${words}`}`)
  }
}
