import { changeNamespace } from './change-namespace.ts'
import type { Command } from './command.ts'
import { namespaceFlags, readChange } from './namespace-flags.ts'

/** `usher disable` */
export const disableCommand: Command = {
  name: 'disable',
  summary: 'turn usher off in a namespace, after a look at what would change',
  description:
    'Says which workloads of the namespace lose what, and which of their pods carry it now, has the API server try a pod of ' +
    'each with usher and without it, by dry runs, and takes the label off the namespace when asked to go on. It refuses where ' +
    'a pod would be rejected without what usher puts in, as by a policy that asks for preStop hooks. Pods that run stay as ' +
    'they are.',
  operand: { value: 'NAMESPACE', help: 'the namespace; one at a time' },
  flags: {
    ...namespaceFlags,
    'opt-out': { type: 'boolean', help: 'label the namespace disabled, so that pods that opt in themselves are left alone, too' },
  },
  examples: ['usher disable shop', 'usher disable shop --opt-out', 'usher disable shop --dry-run=server'],
  run: (values, output) => changeNamespace(readChange('disable', values, values.isOn('opt-out') ? 'disabled' : 'none'), values, output),
}
