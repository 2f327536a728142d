import type { Scope } from './scope.ts'

/** The text of a file that a job file names; that there is none is reported where it is required, and that it cannot be read, always. */
export function readFileOf({ report, readFile }: Scope, at: number, path: string, what: string, isRequired = true): string | undefined {
  if (readFile === undefined) {
    report.problem(at, `${what}: ${path} cannot be read: no other files are read here`)
    return undefined
  }
  try {
    const text = readFile(path)
    if (text === undefined && isRequired) report.problem(at, `${what}: ${path} cannot be read: there is no such file or folder`)
    return text
  } catch (error) {
    report.problem(at, `${what}: ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  }
}
