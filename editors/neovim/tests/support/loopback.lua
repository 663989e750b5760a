--- A scripted provider on loopback, which ends with the editor that it was started for.

local editor = require('editor')

local PROVIDER = vim.fs.joinpath(editor.HERE, '../../../tests/support/scripted_provider.py')

--- Starts a provider with a script, and gives back its base URL, a function that lists what it was asked, and two that end it and start it again.
return function(nvim, script, key)
  local url, job
  local start = function()
    local command = { 'python3', PROVIDER, '--key', key or editor.SECRET, '--script', vim.json.encode(script), '--port', url and url:match(':(%d+)/') or '0' }
    local heard
    job = vim.fn.jobstart(command, { on_stdout = function(_, lines) heard = heard or lines[1] ~= '' and lines[1] or nil end })
    nvim:eventually('the provider listens', function() return heard end, function(value) return value ~= nil end)
    url = heard
  end
  local down = function()
    vim.fn.jobstop(job)
    vim.fn.jobwait({ job })
  end
  local stop = nvim.stop
  nvim.stop = function(self)
    vim.fn.jobstop(job)
    stop(self)
  end
  start()
  local fetch = 'import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).read().decode())'
  return url, function()
    local run = vim.system({ 'python3', '-c', fetch, (url:gsub('/v1$', '/test/requests')) }, { text = true }):wait()
    return vim.json.decode(run.stdout)
  end, { down = down, up = start }
end
