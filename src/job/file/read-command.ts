import { type FileEntry, quote } from './file-node.ts'
import { readText } from './scalars.ts'
import type { Scope } from './scope.ts'
import { shellWords } from './shell-words.ts'

/** The words of `command`, `entrypoint` and the like: a list, or one text that is split. */
export function readCommand(scope: Scope, { key, value }: FileEntry): readonly string[] | undefined {
  const { report } = scope
  const words = value.kind === 'list' ? value.items.map((item) => readText(scope, item, `a word of ${key}`) ?? '') : split(scope, { key, value })
  if (words?.length === 0) report.problem(value.at, `${key} must not be empty: Kubernetes takes the image's own then; leave it out`)
  return words
}

function split(scope: Scope, { key, value }: Pick<FileEntry, 'key' | 'value'>): readonly string[] | undefined {
  const text = readText(scope, value, key)
  if (text === undefined) return undefined
  const found = shellWords(text)
  if ('words' in found) return found.words
  scope.report.problem(value.at, `${key}: ${quote(text)}: ${found.fault}`)
  return undefined
}
