/** What every program needs to run at all, on all systems. */
const names = new Set(
  `PATH HOME USER LOGNAME SHELL LANG LANGUAGE TERM TMPDIR TMP TEMP TZ
   HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY NODE_EXTRA_CA_CERTS SSL_CERT_FILE SSL_CERT_DIR
   SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATHEXT USERPROFILE USERNAME HOMEDRIVE HOMEPATH APPDATA LOCALAPPDATA
   PROGRAMDATA PROGRAMFILES PROGRAMFILES(X86) PROCESSOR_ARCHITECTURE`.split(/\s+/),
);
const prefix = /^(LC|XDG)_/;

/** The variables that programs of other people are given: an allow-list, in which no key or password can be. */
export function programEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => isForPrograms(name)));
}

function isForPrograms(name: string): boolean {
  const upper = name.toUpperCase();
  return names.has(upper) || prefix.test(upper);
}
