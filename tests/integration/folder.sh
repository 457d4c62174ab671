#!/bin/sh
# A folder of twenty workflows, from the first check to the way back, as a CI job would do it.
# usage: folder.sh FOLDER, with `managed-dags` on PATH and MANAGED_DAGS_* for the server. Each exit code is asserted.
set -u
folder=$1

ends_with() { # CODE COMMAND...: run the command; stop with what it printed where it ends with another code
    wanted=$1
    shift
    "$@" >"$folder.out" 2>"$folder.err" </dev/null
    code=$?
    if [ "$code" -ne "$wanted" ]; then
        echo "ended with $code, not $wanted: $*" >&2
        cat "$folder.out" "$folder.err" >&2
        exit 1
    fi
}

says() { # TEXT: stop where neither output of the last command has it
    if ! grep -qF -e "$1" "$folder.out" "$folder.err"; then
        echo "nothing said: $1" >&2
        cat "$folder.out" "$folder.err" >&2
        exit 1
    fi
}

deployed() { # COUNT: stop where the number of deployed DAGs is another
    count=$(managed-dags list folder_ --output name </dev/null | wc -l)
    [ "$count" -eq "$1" ] || { echo "$count DAGs are deployed, not $1" >&2; exit 1; }
}

dag() { # NUMBER COMMAND OPERATOR
    cat <<END
folder_$1:
  default_args: { owner: data-team, start_date: 2024-01-01 }
  schedule_interval: null
  tasks:
    work:
      operator: $3
      bash_command: $2
END
}

bash=airflow.operators.bash.BashOperator
mkdir -p "$folder/more"
for number in 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16; do dag $number "echo $number" $bash >"$folder/$number.yaml"; done
dag 17 "echo 17" $bash >"$folder/more/17.yml"
# Three are broken: an operator that is none, a key that is none, and no YAML.
dag 18 "echo 18" airflow.operators.bash.BashOperater >"$folder/18.yaml"
dag 19 "echo 19" $bash | sed 's/schedule_interval/shedule_interval/' >"$folder/19.yaml"
dag 20 "echo 20" $bash | sed 's/default_args: {/default_args: {{/' >"$folder/20.yaml"

# Checked offline: what needs Airflow to be seen is not.
ends_with 1 managed-dags validate "$folder"/*.yaml "$folder"/more/*.yml
says "$folder/19.yaml:3:3: /folder_19/shedule_interval: "
says "$folder/20.yaml:3:3: is no YAML: "
says "2 of 20 failed"

# Nothing is applied while a file can't be read, or has a fault that the server alone sees.
ends_with 1 managed-dags apply "$folder" --yes
says "$folder/20.yaml:3:3: is no YAML: "
says "$folder/19.yaml:3:3: /folder_19/shedule_interval: "
dag 20 "echo 20" $bash >"$folder/20.yaml"
ends_with 1 managed-dags apply "$folder" --yes
says "$folder/18.yaml:6:7: /folder_18/tasks/work/operator: no class 'BashOperater'"
says "$folder/19.yaml:3:3: /folder_19/shedule_interval: "
says "nothing was deployed"
deployed 0
ends_with 1 managed-dags validate --server "$folder"/*.yaml --output github
says "::error file=$folder/18.yaml,line=6,col=7,"

# Mended, planned, applied, and applied again.
dag 18 "echo 18" $bash >"$folder/18.yaml"
dag 19 "echo 19" $bash >"$folder/19.yaml"
ends_with 0 managed-dags validate "$folder"/*.yaml "$folder"/more/*.yml
ends_with 0 managed-dags apply "$folder" --name folder --dry-run
says "+ create folder_17"
deployed 0
ends_with 2 managed-dags apply "$folder" --name folder
says "say --yes"
ends_with 0 managed-dags apply "$folder" --name folder --yes --wait --comment "First"
deployed 20
ends_with 0 managed-dags apply "$folder" --name folder --yes
says "folder: nothing to do"

# One is changed, one is gone.
dag 01 "echo changed" $bash >"$folder/01.yaml"
rm "$folder/02.yaml"
ends_with 0 managed-dags diff "$folder/01.yaml"
says "+ work.arguments.bash_command: \"echo changed\""
ends_with 1 managed-dags diff "$folder/01.yaml" --exit-code
ends_with 0 managed-dags diff "$folder/03.yaml" --exit-code
ends_with 0 managed-dags apply "$folder" --name folder --prune --dry-run
says "~ change folder_01"
says "- delete folder_02"
says "18 unchanged"
ends_with 0 managed-dags apply "$folder" --name folder --prune --yes --wait
deployed 19
ends_with 1 managed-dags get folder_02

# And back: the version before, and the DAG that was deleted.
ends_with 0 managed-dags restore folder_01 1 --yes --wait
ends_with 0 managed-dags get folder_01 --definition
says "echo 01"
ends_with 0 managed-dags restore folder_02 1 --yes --wait
deployed 20
ends_with 1 managed-dags deploy "$folder/01.yaml"
says "(here: --force)"
ends_with 0 managed-dags deploy "$folder/01.yaml" --force --wait

# Who is not signed in, and where nobody is.
ends_with 3 managed-dags list --token nonsense
ends_with 4 managed-dags list --url http://127.0.0.1:1 --token nonsense

# shellcheck disable=SC2046 # names without spaces
ends_with 0 managed-dags delete $(managed-dags list folder_ --output name </dev/null) --yes
deployed 0
rm -r "$folder" "$folder.out" "$folder.err"
echo done
