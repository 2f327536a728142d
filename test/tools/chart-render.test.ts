import { readFileSync } from 'node:fs'
import t from 'tap'
import { manifestFile, renderManifest } from '../../deploy/render.ts'
import manifest from '../../package.json' with { type: 'json' }
import { listAt, objectAt, shown } from '../support/pod-reader.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { helms, namesOf, objectsIn, template } from './chart.ts'
import { openShell } from './shell.ts'

// What each Helm renders, to compare them.
const renderedBy = new Map<string, unknown>()
const everything = '--set namespace.create=true,dashboard.enabled=true,serviceMonitor.enabled=true,alerts.enabled=true'

for (const helm of helms) {
  const shell = openShell(t, { tools: [helm] })

  t.test(`${helm} finds nothing to warn of`, async (t) => {
    const { code, stdout, stderr } = await shell.run('helm lint --strict ../../deploy/chart')
    t.equal(code, 0, stdout)
    t.notMatch(`${stdout}${stderr}`, /WARN|ERROR/i)
  })

  t.test(`${helm} renders the same bytes twice`, async (t) => {
    const text = await shell.read(`${template} ${everything}`)
    t.equal(await shell.read(`${template} ${everything}`), text)
    renderedBy.set(helm, objectsIn(text).toSorted((left, right) => JSON.stringify(left).localeCompare(JSON.stringify(right))))
  })

  t.test(`${helm} refuses a wrong value by its name`, async (t) => {
    const cases = {
      'webhook.port=https': '/webhook/port',
      'webhook.port=70000': '/webhook/port',
      'webhook.replicas=0': '/webhook/replicas',
      'webhook.prot=8443': 'prot',
      'webhook.timeoutSeconds=30': '/webhook/timeoutSeconds',
      'webhook.logLevel=loud': '/webhook/logLevel',
      'webhook.hostNetwork=sometimes': '/webhook/hostNetwork',
      'webhook.certificates.source=vault': '/webhook/certificates/source',
      'webhook.certificates.life=90d': '/webhook/certificates/life',
      'webhook.certificates.caBundle=x': '/webhook/certificates/caBundle',
      'webhook.certificates.source=secret': 'takes webhook.certificates.secretName',
      'webhook.certificates.secretName=mine': 'for source secret',
      'webhook.certificates.issuerRef.name=mine': 'for source certManager',
      'webhook.kubeVersion=newest': '/webhook/kubeVersion',
      'webhook.resources.limits.memory=lots': '/webhook/resources/limits/memory',
      'webhook.resources.wishes.cpu=1': 'wishes',
      'webhook.nodeSelector.zone=a b': '/webhook/nodeSelector/zone',
      'lock.locks=0': '/lock/locks',
      'lock.lease=long': '/lock/lease',
      'lock.timeout=10': '/lock/timeout',
      'lock.gateMaxWait=60': '/lock/gateMaxWait',
      'lock.idleCores=0': '/lock/idleCores',
      'lock.pressureBound=101': '/lock/pressureBound',
      'lock.gates.cpuPressure.close=100': '/lock/gates/cpuPressure/close',
      'lock.gates.cpuPressure.close=40,lock.gates.cpuPressure.open=40': 'lock.gates.cpuPressure.open must be below close',
      'lock.gates.cpuPressure.open=40': 'lock.gates.cpuPressure.open must be below close',
      'lock.token=please': '/lock/token',
      'lock.checks={ftp://host}': '/lock/checks/0',
      'lock.readers=everybody': '/lock/readers',
      'lock.stateDir=run': '/lock/stateDir',
      'lock.updateMaxUnavailable=half': '/lock/updateMaxUnavailable',
      'lock.tolerations[0].operator=Is': '/lock/tolerations/0/operator',
      'image.tag=a b': '/image/tag',
      'image.pullPolicy=Sometimes': '/image/pullPolicy',
      'imagePullSecrets={secret}': '/imagePullSecrets/0',
      'prefix=usher.dev': '/prefix',
      'failurePolicy=Fail': 'failurePolicy',
      'namespace.crate=true': 'crate',
      'networkPolicy.enabled=1': '/networkPolicy/enabled',
      'serviceMonitor.interval=often': '/serviceMonitor/interval',
      'dashboard.labels.a=b c': '/dashboard/labels/a',
      'alerts.enabled=yes please': '/alerts/enabled',
      'config.nap.duration=long': '/config/nap/duration',
      'config.nap.method=best': '/config/nap/method',
      'config.naps.enabled=true': 'naps',
      'config.lock.port=1': 'port',
      'config.lock.token=true': 'token',
      'config.systemNamespace=mine': 'systemNamespace',
      'lock.token=true,lock.watchPods=false': 'lock.watchPods',
      'lock.gates.daemonSets.enabled=yes please': '/lock/gates/daemonSets/enabled',
      'lock.gates.daemonSets.include={app=cni}': '/lock/gates/daemonSets/include/0',
      'lock.gates.daemonSets.namespace=Kube': '/lock/gates/daemonSets/namespace',
      'lock.gates.daemonSets.enabled=true,lock.watchPods=false': 'lock.gates.daemonSets takes lock.watchPods',
      'lock.gates.daemonSets.include={a:b},lock.gates.daemonSets.exclude={c:d}': 'include and exclude',
      'webhook.port=8080': 'webhook.port and webhook.probePort',
      'webhook.hostNetwork=true,webhook.port=8888': 'lock.port',
    }
    for (const [setting, name] of Object.entries(cases)) {
      const { code, stderr } = await shell.run(`${template} --set '${setting}'`)
      t.equal(code, 1, setting)
      t.match(stderr, name, setting)
    }
  })

  t.test(`${helm} passes the values of a chart that contains this one`, async (t) => {
    t.match(await shell.read(`${template} --set global.region=here`), 'kind: DaemonSet')
  })

  t.test(`${helm} renders only what is wanted`, async (t) => {
    const names = async (flags: string): Promise<readonly string[]> => namesOf(objectsIn(await shell.read(`${template} ${flags}`)))
    const plain = await names('')
    t.ok(plain.includes('DaemonSet usher-lock') && plain.includes('PodDisruptionBudget usher-webhook') && plain.includes('NetworkPolicy usher-webhook'))
    t.notOk(plain.some((name) => name.startsWith('Namespace ')))
    t.strictSame((await names('--set lock.enabled=false')).filter((name) => /DaemonSet|ServiceAccount/.test(name)), ['ServiceAccount usher-webhook'])
    t.notOk((await names('--set webhook.replicas=1')).includes('PodDisruptionBudget usher-webhook'))
    t.notOk((await names('--set webhook.hostNetwork=true')).includes('NetworkPolicy usher-webhook'))
    const all = await names(everything)
    t.strictSame(all.filter((name) => !plain.includes(name)), [
      'ConfigMap usher-dashboard', 'Namespace usher-system', 'PodMonitor usher-lock', 'PrometheusRule usher', 'ServiceMonitor usher-webhook',
    ])
  })

  t.test(`${helm} gives the lock a gate of DaemonSets, and the rights for it, or neither`, async (t) => {
    const gate = 'lock.gates.daemonSets'
    const choices = `${gate}.namespace=kube-system,${gate}.hostNetwork=true,${gate}.exclude={app:slow,example.com/tier:b}`
    for (const enabled of [true, false]) {
      const objects = objectsIn(await shell.read(`${template} --set '${gate}.enabled=${enabled},${choices}'`))
      const [lock] = listAt(named(objects, 'DaemonSet usher-lock'), 'spec', 'template', 'spec', 'containers')
      const args = Array.isArray(lock?.['args']) ? lock['args'] : []
      const flags = ['--daemonsets', '--daemonsets-namespace=kube-system', '--daemonsets-host-net', '--daemonsets-ex=app:slow', '--daemonsets-ex=example.com/tier:b']
      t.strictSame(args.filter((arg) => String(arg).startsWith('--daemonsets')), enabled ? flags : [])
      t.equal(listAt(lock, 'env').some(({ name }) => name === 'POD_UID'), enabled)
      const rules = listAt(named(objects, 'ClusterRole usher-lock'), 'rules')
      const rights = rules.map(({ resources, verbs }) => `${shown(verbs)} ${shown(resources)}`).filter((right) => /\["daemonsets"\]|nodes/.test(right))
      t.strictSame(rights, enabled ? ['["list"] ["daemonsets"]', '["get"] ["nodes"]'] : [])
    }
  })

  t.test(`${helm} takes the certificate from cert-manager, or from a Secret, and then gives no rights to write one`, async (t) => {
    const issued = ['Certificate usher-webhook', 'Certificate usher-webhook-ca', 'Issuer usher-webhook', 'Issuer usher-webhook-self-signed']
    for (const [values, secret, ofCertManager] of [
      ['source=certManager', 'usher-webhook-cert', issued],
      ['source=certManager,webhook.certificates.issuerRef.kind=ClusterIssuer,webhook.certificates.issuerRef.name=mine', 'usher-webhook-cert', issued.slice(0, 1)],
      ['source=secret,webhook.certificates.secretName=mine,webhook.certificates.caBundle=-----BEGIN CERTIFICATE-----', 'mine', []],
    ] as const) {
      const command = `${template} --set '${everything.slice(6)},webhook.certificates.${values}'`
      const text = await shell.read(command)
      t.equal(await shell.read(command), text, 'the same bytes twice')
      t.strictSame(namesOf(objectsIn(text)).filter((name) => /^(?:Certificate|Issuer) /.test(name)), ofCertManager)
      t.match(text, `secret: { secretName: ${secret} }`)
      t.match(text, '--tls-cert=/tls/tls.crt')
      t.notMatch(text, /--certs-secret|mutatingwebhookconfigurations|resources: \[secrets\]/)
      t.equal(text.includes('cert-manager.io/inject-ca-from: usher-system/usher-webhook'), ofCertManager.length > 0)
      t.equal(text.match(/^ +caBundle: /gm)?.length ?? 0, ofCertManager.length > 0 ? 0 : 3)
      t.equal(text.includes('name: mine'), values.includes('ClusterIssuer'))
    }
    t.notMatch(await shell.read(template), /caBundle|BEGIN|cert-manager/, 'of itself the chart has no certificate: it is made at run time')
  })

  t.test(`${helm} lets the webhook give tokens, and the lock ask for them, or neither`, async (t) => {
    for (const token of [true, false]) {
      const text = await shell.read(`${template} --set lock.token=${token}`)
      t.equal(/^ *- --token-audience=usher$/m.test(text), token, 'the lock')
      t.equal(/^ *token: true$/m.test(text), token, "the webhook's configuration")
      t.equal(text.includes('/openid/v1/jwks'), token, 'the right to read the keys')
    }
  })

  t.test(`${helm} packages all that the chart needs`, async (t) => {
    const folder = t.testdir({})
    await shell.read(`helm package ../../deploy/chart --destination '${folder}'`)
    const files = await shell.read(`tar --list --file '${folder}/usher-${manifest.version}.tgz'`)
    for (const file of ['values.schema.json', 'dashboards/usher.json', 'alerts/usher.yaml', 'README.md', 'templates/NOTES.txt']) t.match(files, `usher/${file}\n`)
  })
}

t.test('both Helms render the same objects', async (t) => {
  t.strictSame(renderedBy.get('helm'), renderedBy.get('helm3'))
})

t.test('deploy/usher.yaml is as `npm run chart` writes it', async (t) => {
  t.equal(readFileSync(manifestFile, 'utf8'), renderManifest())
})

/** The object of this kind and name. */
function named(objects: readonly JsonObject[], wanted: string): JsonObject | undefined {
  return objects.find((object) => `${shown(object['kind'])} ${shown(objectAt(object, 'metadata')['name'])}` === wanted)
}
