import { delimiter, join } from 'node:path'
import { nodeOfTheMachine } from '../../support/older-node.ts'

/** A command line whose time is measured. */
export interface Variant {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** Whether it writes an injected manifest. */
  readonly injects: boolean
  /** Whether each run starts with an empty compile cache. */
  readonly isCold: boolean
}

/** What people type, by which the goal is judged. */
export const shellVariant = 'usher inject, from the shell'

/** What is measured, in a checkout: usher, as it is called in different ways, and the least that Node takes. */
export function variantsIn(tree: string): readonly Variant[] {
  const older = nodeOfTheMachine()
  const bin = join(tree, 'node_modules/.bin/usher')
  const inject = ['inject', '-f', join(tree, 'deploy/examples/web.yaml')]
  const newer = process.execPath
  const warm = { injects: true, isCold: false }
  const floor = { injects: false, isCold: false }
  return [
    { name: shellVariant, command: bin, args: inject, ...warm },
    { name: 'usher inject, on this Node', command: newer, args: [join(tree, 'src/cli/launch.js'), ...inject], ...warm },
    { name: 'usher inject, from the shell, first run', command: bin, args: inject, injects: true, isCold: true },
    ...(older === undefined ? [] : [{ name: `node -e 0, of the machine (${older.major})`, command: older.path, args: ['-e', '0'], ...floor }]),
    { name: `node -e 0, this one (${process.versions.node.split('.')[0]})`, command: newer, args: ['-e', '0'], ...floor },
  ]
}

/** PATH without what npm puts in front, so that `#!/usr/bin/env node` finds what a shell would find. */
export function shellPath(): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.filter((folder) => folder !== '' && !folder.includes('node_modules')).join(delimiter)
}
