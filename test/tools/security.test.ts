import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { startApiServer } from './api-server.ts'
import { template } from './chart.ts'
import { openShell, type Shell } from './shell.ts'

const namespace = 'usher-system'
const folder = new URL('../golden/rights/', import.meta.url)
const renewing = process.env['UPDATE_GOLDEN'] === '1'
// Each change of them is a change of what a pod of usher's can do that somebody has taken over.
const howToRenew = 'UPDATE_GOLDEN=1 npx tap --timeout=300 test/tools/security.test.ts, and read the diff'

const manifests = '--show-only templates/service-accounts.yaml --show-only templates/rbac.yaml'
const widest = 'lock.token=true,lock.gates.daemonSets.enabled=true'
const narrowest = 'webhook.certificates.source=secret,webhook.certificates.secretName=mine,lock.watchPods=false'

t.test('the service accounts may do what their rules say, and nothing else', async (t) => {
  const { kubeconfig } = await startApiServer(t)
  const shell = openShell(t, { tools: ['kubernetes', 'helm'], kubeconfig })
  await shell.read(`kubectl create namespace ${namespace} && kubectl create namespace shop`)

  await t.test('by default', async (t) => {
    await shell.read(`${template} ${manifests} | kubectl apply -f -`)
    hasRights(t, 'webhook', await rights(shell, 'usher-webhook', namespace))
    hasRights(t, 'webhook-elsewhere', await rights(shell, 'usher-webhook', 'shop'))
    hasRights(t, 'lock', await rights(shell, 'usher-lock', namespace))
    t.equal(await rights(shell, 'usher-lock', 'shop'), await rights(shell, 'usher-lock', namespace), 'the lock has none that are of a namespace')
  })

  await t.test('what would be worth the most, asked one by one', async (t) => {
    const asked: Readonly<Record<string, readonly string[]>> = {
      'usher-webhook': [
        'get secret/usher-webhook-tls -n usher-system: yes',
        'get secret/another -n usher-system: no',
        'list secrets -n usher-system: no',
        'watch secrets -n usher-system: no',
        'delete secret/usher-webhook-tls -n usher-system: no',
        'get secret/usher-webhook-tls -n shop: no',
        'create secrets -n shop: no',
        'patch mutatingwebhookconfiguration/usher: yes',
        'patch mutatingwebhookconfiguration/another: no',
        'create mutatingwebhookconfigurations: no',
        'get pods/web -n shop: no',
        'create pods -n shop: no',
        'patch pods -n shop: no',
        'delete pods -n shop: no',
        'create serviceaccounts --subresource=token -n usher-system: no',
        'escalate clusterroles: no',
        'bind clusterroles: no',
        'impersonate users: no',
      ],
      'usher-lock': [
        'list pods -n shop: yes',
        'create pods -n shop: no',
        'patch pods -n shop: no',
        'delete pods -n shop: no',
        'create pods --subresource=eviction -n shop: no',
        'create pods --subresource=exec -n shop: no',
        'get secrets -n usher-system: no',
        'list secrets -n usher-system: no',
        'patch nodes: no',
        'get nodes --subresource=proxy: no',
        'create serviceaccounts --subresource=token -n usher-system: no',
        'impersonate users: no',
      ],
    }
    for (const [account, questions] of Object.entries(asked)) {
      const flag = await tokenOf(shell, account)
      for (const each of questions) {
        const [question, answer] = each.split(': ')
        const { stdout } = await shell.run(`kubectl ${flag} auth can-i ${question}`)
        t.equal(stdout.trim().split('\n').at(-1), answer, `${account}: ${question}`)
      }
    }
  })

  await t.test('a token for the lock is nothing to the API server', async (t) => {
    const make = (audience: string): Promise<string> => shell.read(`kubectl create token usher-webhook -n ${namespace} ${audience}`)
    const whoami = async (token: string) => shell.run(`kubectl --token=${token.trim()} auth whoami`)
    t.match(await whoami(await make('--audience usher')), { code: 1, stderr: /Unauthorized|logged in/ })
    t.match(await whoami(await make('')), { code: 0, stdout: 'system:serviceaccount:usher-system:usher-webhook' }, 'as one of its own is')
  })

  await t.test('with all that adds rights, and with all that takes them away', async (t) => {
    await shell.read(`${template} ${manifests} --set ${widest} | kubectl apply -f -`)
    hasRights(t, 'lock-widest', await rights(shell, 'usher-lock', namespace))
    await shell.read('kubectl delete clusterrolebinding,clusterrole,role,rolebinding -A -l app.kubernetes.io/name=usher')
    await shell.read(`${template} ${manifests} --set ${narrowest} | kubectl apply -f -`)
    hasRights(t, 'webhook-narrowest', await rights(shell, 'usher-webhook', namespace))
    hasRights(t, 'lock-narrowest', await rights(shell, 'usher-lock', namespace))
  })
})

/** A token of the account itself: nobody else's rights count. */
async function tokenOf(shell: Shell, account: string): Promise<string> {
  return `--token=${(await shell.read(`kubectl create token ${account} -n ${namespace}`)).trim()}`
}

/** What an account may do in a namespace, as the API server lists it. */
async function rights(shell: Shell, account: string, where: string): Promise<string> {
  const list = await shell.read(`kubectl ${await tokenOf(shell, account)} auth can-i --list -n ${where}`)
  return `${list.split('\n').map((line) => line.trimEnd()).join('\n').trimEnd()}\n`
}

function hasRights(t: Test, name: string, found: string): void {
  const file = new URL(`${name}.txt`, folder)
  if (renewing) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(file, found)
  }
  t.equal(found, existsSync(file) ? readFileSync(file, 'utf8') : '', `${name} is as its golden file says; ${howToRenew}`)
}
