import { changeNamespace } from './change-namespace.ts'
import type { Command } from './command.ts'
import { namespaceFlags, readChange } from './namespace-flags.ts'

/** `usher enable` */
export const enableCommand: Command = {
  name: 'enable',
  summary: 'turn usher on in a namespace, after a look at what would change',
  description:
    'Says which workloads of the namespace get what, has the API server try a pod of each without usher and with it, by dry ' +
    'runs that go through every webhook, quota and policy, and labels the namespace when asked to go on. It refuses where a ' +
    'pod would be rejected for what usher puts in, with what the API server says and what to do. Pods that run stay as they ' +
    'are. usher disable turns it off.',
  operand: { value: 'NAMESPACE', help: 'the namespace; one at a time' },
  flags: {
    ...namespaceFlags,
    audit: { type: 'boolean', help: 'begin with audit mode: usher decides, logs and counts, and changes no pod' },
  },
  examples: ['usher enable shop --audit', 'usher enable shop', 'usher enable shop --dry-run=server -o json', 'usher enable shop --yes'],
  run: (values, output) => changeNamespace(readChange('enable', values, values.isOn('audit') ? 'audit' : 'enabled'), values, output),
}
