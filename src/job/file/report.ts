import type { LineCounter } from 'yaml'
import type { JobProblem, JobProblemCode } from '../problems.ts'

/** Something that is wrong with a job file, or that its author should know. */
export interface FileProblem {
  readonly file: string
  /** From 1, as the column. */
  readonly line: number
  readonly column: number
  readonly code: JobProblemCode
  readonly message: string
  /** Where that is all that is wrong: a key that is not known, or not supported. */
  readonly key?: string
}

// A file that is something else altogether has a fault in each line.
const mostProblems = 500

/** Collects what is wrong with one file, and what its author should know. */
export class Report {
  readonly #file: string
  readonly #lines: LineCounter
  readonly #problems = new Map<string, FileProblem>()
  readonly #warnings = new Map<string, FileProblem>()

  constructor(file: string, lines: LineCounter) {
    this.#file = file
    this.#lines = lines
  }

  /** In the order of the file. */
  get problems(): readonly FileProblem[] {
    return inOrder(this.#problems)
  }

  get warnings(): readonly FileProblem[] {
    return inOrder(this.#warnings)
  }

  /** Whether nothing more is taken: what is wrong is plain by now. */
  get isFull(): boolean {
    return this.#problems.size >= mostProblems
  }

  /** @param at the offset in the text. @param key what is not known or not supported, where that is all. */
  problem(at: number, message: string, code: JobProblemCode = 'invalid-job', key?: string): void {
    if (this.isFull) return
    const isLast = this.#problems.size + 1 === mostProblems
    this.#add(this.#problems, at, isLast ? `${message}; what else is wrong is not listed` : message, code, key)
  }

  /** @param at the offset in the text. */
  warning(at: number, message: string): void {
    if (this.#warnings.size < mostProblems) this.#add(this.#warnings, at, message, 'invalid-job')
  }

  /** The line and column of an offset, from 1. */
  placeOf(at: number): { readonly line: number; readonly column: number } {
    const { line, col } = this.#lines.linePos(at)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }

  /** What several aliases lead to is told once. */
  #add(to: Map<string, FileProblem>, at: number, message: string, code: JobProblemCode, key?: string): void {
    to.set(`${at} ${message}`, { file: this.#file, ...this.placeOf(at), code, message, ...(key === undefined ? {} : { key }) })
  }
}

function inOrder(problems: ReadonlyMap<string, FileProblem>): readonly FileProblem[] {
  return [...problems.values()].toSorted((left, right) => left.line - right.line || left.column - right.column)
}

/** A problem as compilers write it: `job.yaml:12:7: …`. */
export function formatFileProblem({ file, line, column, message }: FileProblem): string {
  return `${file}:${line}:${column}: ${message}`
}

/** The problem of a job whose file is not valid, for its problem document. */
export function invalidJob(problems: readonly FileProblem[]): JobProblem {
  const code = problems.length > 0 && problems.every((each) => each.code === 'unsatisfied-dependency') ? 'unsatisfied-dependency' : 'invalid-job'
  return { code, detail: problems.map(formatFileProblem).join('\n'), members: { problems: problems.map((each) => ({ ...each })) } }
}
