internal import PlumbTensor

// The longer tasks: programs that are repaired or written, judged by cases that the agent has not seen.
extension AgentTaskFamily {
    static let repairAScript = AgentTaskFamily(name: "repair a script") { random in
        let cases = (0..<4).map { _ in (random.index(below: 50), 50 + random.index(below: 50)) }
        let broken = """
            # Prints the larger of two numbers.
            if [ "$1" > "$2" ]; then echo "$1"; else echo "$2"; fi
            """
        return AgentTask(
            "repair a script", minutes: 5,
            instructions:
                "The script larger.sh should print the larger of the two whole numbers that it is given, as in "
                + "`bash larger.sh 3 12`. It does not always. Repair it.",
            files: ["larger.sh": broken + "\n"],
            cases: cases.map { .init("bash larger.sh \($0.0) \($0.1)", prints: "\($0.1)") } + [
                .init("bash larger.sh 9 10", prints: "10"), .init("bash larger.sh 10 9", prints: "10"),
                .init("bash larger.sh 7 7", prints: "7"),
            ],
            solution: .init("sed -i 's/\" > \"/\" -gt \"/' larger.sh", answer: "done"),
            failure: .init("sed -i 's/\" > \"/\" = \"/' larger.sh", answer: "done"))
    }

    static let mergeLogs = AgentTaskFamily(name: "merge logs") { random in
        let times = (0..<30).map { _ in 100_000 + random.index(below: 800_000) }
        func file(_ part: Int) -> String {
            times.indices.filter { $0 % 3 == part || $0 % 7 == 0 }.map { "\(times[$0]) event \($0)\n" }.joined()
        }
        let merged = times.indices.sorted { ("\(times[$0])", "event \($0)") < ("\(times[$1])", "event \($1)") }
            .map { "\(times[$0]) event \($0)" }
        // The lines themselves, since the agent may have changed the files.
        let lines = merged.map { "'\($0)'" }.joined(separator: " ")
        return AgentTask(
            "merge logs", minutes: 8,
            instructions:
                "The files logs/a.log, logs/b.log and logs/c.log hold lines that begin with a time in seconds. "
                + "Write all.log: every different line of the three once, ordered by time.",
            files: ["logs/a.log": file(0), "logs/b.log": file(1), "logs/c.log": file(2)],
            scorer:
                "[ \"$(sort all.log)\" = \"$(printf '%s\\n' \(lines) | sort)\" ] "
                + "&& [ \"$(cut -d' ' -f1 all.log)\" = \"$(cut -d' ' -f1 all.log | sort -n)\" ] && echo 1 || echo 0",
            solution: .init("sort -n -u -k1,1 -k3,3 logs/*.log > all.log", answer: "done"),
            failure: .init("cat logs/*.log > all.log", answer: "done"))
    }

    static let fixAFailingTest = AgentTaskFamily(name: "fix a failing test") { random in
        let years = [1900, 2000, 2023, 2024, 2100, 2400] + (0..<4).map { _ in 1800 + random.index(below: 400) }
        func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }
        return AgentTask(
            "fix a failing test", minutes: 10,
            instructions:
                "`bash test.sh` tests the function is_leap of calendar.sh, and fails. Correct calendar.sh, not the "
                + "test.",
            files: [
                "calendar.sh": """
                # Prints yes where the year is a leap year, no otherwise.
                is_leap() {
                    if [ $(($1 % 4)) -eq 0 ]; then echo yes; else echo no; fi
                }

                """,
                "test.sh": """
                . ./calendar.sh
                [ "$(is_leap 2024)" = yes ] || { echo "2024 is a leap year"; exit 1; }
                [ "$(is_leap 1900)" = no ] || { echo "1900 is no leap year"; exit 1; }
                [ "$(is_leap 2000)" = yes ] || { echo "2000 is a leap year"; exit 1; }
                echo passed

                """,
            ],
            cases: years.map { .init(". ./calendar.sh; is_leap \($0)", prints: isLeap($0) ? "yes" : "no") },
            solution: .init(
                """
                cat > calendar.sh <<'END'
                is_leap() {
                    if [ $(($1 % 4)) -eq 0 ] && { [ $(($1 % 100)) -ne 0 ] || [ $(($1 % 400)) -eq 0 ]; }; then
                        echo yes
                    else
                        echo no
                    fi
                }
                END
                bash test.sh
                """, answer: "done"),
            failure: .init("echo 'echo passed' > test.sh; bash test.sh", answer: "done"))
    }

    static let writeAProgram = AgentTaskFamily(name: "write a program") { random in
        func roman(_ number: Int) -> String {
            let parts = [
                (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"),
                (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
            ]
            var (left, text) = (number, "")
            for (value, letters) in parts {
                while left >= value { (left, text) = (left - value, text + letters) }
            }
            return text
        }
        let numbers = [4, 9, 14, 1994, 3999] + (0..<5).map { _ in 1 + random.index(below: 3999) }
        let solution = """
            cat > roman.sh <<'END'
            s=$1; t=0; last=0
            for ((i = ${#s} - 1; i >= 0; i--)); do
                case ${s:i:1} in
                    I) v=1 ;; V) v=5 ;; X) v=10 ;; L) v=50 ;; C) v=100 ;; D) v=500 ;; M) v=1000 ;;
                esac
                if [ $v -lt $last ]; then t=$((t - v)); else t=$((t + v)); last=$v; fi
            done
            echo $t
            END
            """
        return AgentTask(
            "write a program", minutes: 15,
            instructions: "Write a bash script roman.sh that prints the number that a Roman numeral stands for: `bash "
                + "roman.sh XIV` prints 14. It will be given numerals from I to MMMCMXCIX.",
            cases: numbers.map { .init("bash roman.sh \(roman($0))", prints: "\($0)") },
            solution: .init(solution, answer: "done"),
            failure: .init("echo 'echo 14' > roman.sh", answer: "done"))
    }

    static let setUpAService = AgentTaskFamily(name: "set up a service") { random in
        let port = 8000 + random.index(below: 1000), token = 100_000 + random.index(below: 900_000)
        return AgentTask(
            "set up a service", minutes: 30,
            instructions:
                "Write start.sh. `bash start.sh` should start a web server in the background and return. A request "
                + "GET /page.txt to 127.0.0.1, port \(port), should then be answered with the file site/page.txt; files "
                + "outside the folder site should not be served. Python 3 is installed; there is no network.",
            files: ["site/page.txt": "token \(token)\n", "secret.txt": "not for visitors\n"], needs: ["python3"],
            scorer: """
                get() { exec 3<>/dev/tcp/127.0.0.1/\(port) && printf 'GET %s HTTP/1.0\\r\\n\\r\\n' "$1" >&3 && timeout 2 cat <&3; }
                timeout 5 bash start.sh >/dev/null 2>&1 </dev/null
                for i in 1 2 3 4 5 6 7 8 9 10; do (get /page.txt) >/dev/null 2>&1 && break; sleep 0.2; done
                page=$( (get /page.txt) 2>/dev/null); other=$( (get /secret.txt; get /../secret.txt) 2>/dev/null)
                grep -q 'token \(token)' <<<"$page" && ! grep -q visitors <<<"$other" && echo 1 || echo 0
                """,
            solution: .init(
                "echo 'python3 -m http.server \(port) --bind 127.0.0.1 --directory site >/dev/null 2>&1 &' > start.sh",
                answer: "done"),
            failure: .init(
                "echo 'python3 -m http.server \(port) --bind 127.0.0.1 >/dev/null 2>&1 &' > start.sh", answer: "done"))
    }
}
